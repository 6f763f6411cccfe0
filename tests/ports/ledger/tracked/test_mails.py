"""`ports.mails`: queued once by key, claimed by one, settled by the last try."""

from functools import partial

from engine.core.mail import Mail
from engine.core.retention import Kind
from engine.ledger.mails.rows import queue
from engine.ledger.mails.sql import SqlMails
from engine.ledger.reading.sql import SqlKeeping
from engine.ledger.tracked.sql import SqlTracked
from engine.ports.mails import MailState, TriedMail
from tests.ports.ledger.books import SqlBooks
from tests.ports.ledger.tracked.conftest import ANNA, SECRET, Counter, call, november

MAIL = Mail(
    key="k1", organisation="acme", recipient="a@example.org", subject="Größe", text="Hallo\n"
)


def tried(number: int, state: MailState, next_ms: int | None = None) -> TriedMail:
    return TriedMail(key="k1", number=number, state=state, next_ms=next_ms, problem="")


async def test_a_mail_is_queued_once_and_claimed_by_one(counter: Counter) -> None:
    await counter.queue(MAIL, 1_000)
    await counter.queue(MAIL, 1_000)
    assert list(await counter.mails.claim(999, 60_000, 10)) == []
    [claimed] = await counter.mails.claim(1_000, 60_000, 10)
    assert (claimed.mail, claimed.number) == (MAIL, 1)
    assert list(await counter.mails.claim(60_999, 60_000, 10)) == []


async def test_what_nobody_finished_is_claimed_again_after_the_lease(counter: Counter) -> None:
    await counter.queue(MAIL, 1_000)
    await counter.mails.claim(1_000, 60_000, 10)
    [again] = await counter.mails.claim(61_000, 60_000, 10)
    assert again.number == 2
    # The first try ended after all, but a later one knows better.
    assert not await counter.mails.finish(tried(1, MailState.GIVEN_UP))
    assert await counter.mails.finish(tried(2, MailState.SENT))
    assert not await counter.mails.finish(tried(2, MailState.GIVEN_UP))
    assert list(await counter.mails.claim(10**13, 60_000, 10)) == []


async def test_a_mail_that_is_put_off_is_due_when_its_time_comes(counter: Counter) -> None:
    await counter.queue(MAIL, 1_000)
    await counter.mails.claim(1_000, 60_000, 10)
    assert await counter.mails.finish(tried(1, MailState.PENDING, 5_000))
    assert list(await counter.mails.claim(4_999, 60_000, 10)) == []
    [claimed] = await counter.mails.claim(5_000, 60_000, 10)
    assert (claimed.mail, claimed.number) == (MAIL, 2)


async def test_the_longest_due_are_claimed_first(counter: Counter) -> None:
    for number in (3, 1, 2):
        mail = Mail(
            key=f"k{number}", organisation="acme", recipient="a@b.example", subject="s", text="t"
        )
        await counter.queue(mail, number)
    claimed = await counter.mails.claim(10, 60_000, 2)
    assert sorted(one.mail.key for one in claimed) == ["k1", "k2"]


async def test_what_is_kept_no_longer_goes_and_what_waits_or_is_summed_up_stays(
    sql_books: SqlBooks,
) -> None:
    ledger = sql_books.open()
    keeping, mails = SqlKeeping(ledger), SqlMails(ledger)
    tracked = SqlTracked(ledger, SECRET, mailing=True)
    for number in (1, 2):
        mail = Mail(
            key=f"k{number}", organisation="acme", recipient="a@b.example", subject="s", text="t"
        )
        await ledger.database.write(partial(queue, mail=mail, at_ms=number))
    await mails.claim(1, 60_000, 1)
    await mails.finish(tried(1, MailState.SENT))
    assert await keeping.let_go(Kind.MAILS, 1_000, 10) == 1
    [left] = await mails.claim(1_000, 60_000, 10)
    assert left.mail.key == "k2"
    await tracked.keep(call("c1"), ANNA)
    assert await keeping.let_go(Kind.TRACKED, call("c1").arrived_ms, 10) == 0
    assert await keeping.let_go(Kind.TRACKED, call("c1").arrived_ms + 1, 10) == 1
    assert list(await tracked.rows(november())) == []
    [line] = await tracked.report(november())
    assert line.counts.calls == 1
