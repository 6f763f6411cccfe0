"""Mails are sent once, tried again as long as it makes sense, and then given up."""

from dataclasses import dataclass, field

import pytest

from engine.core.mail import Mail
from engine.flows.mails.rules import PAUSES_MS, rule
from engine.flows.mails.sender import BATCH, LEASE_MS, MailSender
from engine.metrics import PrometheusMetrics
from engine.ports.mails import TRIES, ClaimedMail, MailReply, MailState, Taken
from tests.fakes.clock import LoopClock, virtually
from tests.fakes.tracked.memory import MemoryMails
from tests.metrics.scrape import scraped

DOWN = MailReply(Taken.LATER, "SMTPConnectError")


def mail(number: int = 1) -> Mail:
    return Mail(
        key=f"k{number}", organisation="acme", recipient="a@example.org", subject="s", text="t"
    )


@dataclass
class Postbox:
    """Answers what the test says, taken by default."""

    replies: list[MailReply] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def send(self, mail: Mail) -> MailReply:
        self.sent.append(mail.key)
        return self.replies.pop(0) if self.replies else MailReply(Taken.TAKEN)


@pytest.mark.parametrize(
    ("taken", "number", "state", "next_ms"),
    [
        (Taken.TAKEN, 1, MailState.SENT, None),
        (Taken.TAKEN, TRIES, MailState.SENT, None),
        (Taken.REFUSED, 1, MailState.GIVEN_UP, None),
        (Taken.LATER, 1, MailState.PENDING, 1_000 + PAUSES_MS[0]),
        (Taken.LATER, TRIES - 1, MailState.PENDING, 1_000 + PAUSES_MS[-1]),
        (Taken.LATER, TRIES, MailState.GIVEN_UP, None),
    ],
)
def test_what_becomes_of_a_mail(
    taken: Taken, number: int, state: MailState, next_ms: int | None
) -> None:
    tried = rule(MailReply(taken, "why"), ClaimedMail(mail(), number), 1_000)
    assert (tried.key, tried.number, tried.problem) == ("k1", number, "why")
    assert (tried.state, tried.next_ms) == (state, next_ms)


@virtually
async def test_a_mail_is_sent_once() -> None:
    clock, mails, box = LoopClock(), MemoryMails(), Postbox()
    await mails.queue(mail(), clock.now().wall_ms)
    sender = MailSender(mails, box, clock)
    assert await sender.look() == 1
    assert await sender.look() == 0
    assert box.sent == ["k1"]
    assert mails.held["k1"].state is MailState.SENT


@virtually
async def test_a_server_that_is_down_is_asked_again_until_it_is_given_up() -> None:
    clock, mails, box = LoopClock(), MemoryMails(), Postbox([DOWN] * (TRIES + 1))
    await mails.queue(mail(), clock.now().wall_ms)
    metrics = PrometheusMetrics()
    sender = MailSender(mails, box, clock, metrics=metrics)
    for pause_ms in (*PAUSES_MS, 10**9):
        assert await sender.look() == 1
        await clock.sleep(pause_ms - 1)
        assert await sender.look() == 0
        await clock.sleep(1)
    assert len(box.sent) == TRIES
    assert mails.held["k1"].state is MailState.GIVEN_UP
    assert scraped(metrics).get("deliveries_given_up_total", kind="mail") == 1


@virtually
async def test_what_a_dead_engine_claimed_is_sent_by_another() -> None:
    clock, mails, box = LoopClock(), MemoryMails(), Postbox()
    await mails.queue(mail(), clock.now().wall_ms)
    await mails.claim(clock.now().wall_ms, LEASE_MS, BATCH)
    sender = MailSender(mails, box, clock)
    assert await sender.look() == 0
    await clock.sleep(LEASE_MS)
    assert await sender.look() == 1


@virtually
async def test_more_than_a_batch_is_sent_batch_by_batch() -> None:
    clock, mails, box = LoopClock(), MemoryMails(), Postbox()
    for number in range(2 * BATCH + 1):
        await mails.queue(mail(number), clock.now().wall_ms)
    sender = MailSender(mails, box, clock)
    assert [await sender.look() for _ in range(4)] == [BATCH, BATCH, 1, 0]
    assert len(set(box.sent)) == 2 * BATCH + 1
