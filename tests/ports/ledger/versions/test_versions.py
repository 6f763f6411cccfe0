"""Versions of the configuration: one in force, none lost, whatever several do at once."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from engine.errors import CallerError, ConflictError
from engine.ledger.versions.sql import SqlVersions
from engine.ports.versions import Activation, Cause, Draft, EngineView, Order, Version, Versions
from tests.fakes.versions import MemoryVersions
from tests.ports.ledger.books import NOW_MS, Books, SqlBooks

MINUTE_MS = 60_000


@pytest.fixture
def engines(books: Books) -> list[Versions]:
    """Two ways to the same versions."""
    if isinstance(books, SqlBooks):
        return [SqlVersions(books.open()), SqlVersions(books.open())]
    return [MemoryVersions()] * 2


@pytest.fixture
def versions(engines: list[Versions]) -> Versions:
    return engines[0]


def draft(based_on: int, text: str = "tariffs: {}\n") -> Draft:
    return Draft(based_on=based_on, content_hash=f"sha256:{text}", files={"tariffs.yaml": text})


def order(reason: str = "Preise", at_ms: int = NOW_MS, within_ms: int | None = None) -> Order:
    confirm_by_ms = None if within_ms is None else at_ms + within_ms
    return Order(author="mia", reason=reason, at_ms=at_ms, confirm_by_ms=confirm_by_ms)


async def tried(work: Awaitable[Activation]) -> Activation | ConflictError:
    try:
        return await work
    except ConflictError as fault:
        return fault


async def test_nothing_is_in_force_before_the_first(versions: Versions) -> None:
    assert await versions.active() is None
    assert await versions.version(1) is None
    assert list(await versions.history(None, 10)) == []
    assert await versions.undo(NOW_MS) is None


async def test_a_version_is_kept_as_it_was_applied(engines: list[Versions]) -> None:
    text = "\ufefftariffs:\r\n  grün: {landline: 1.990}  # 'Ä' \"x\" \\ %\n"
    made = await engines[0].apply(draft(0, text), order())
    assert made == await engines[1].active()
    assert (made.activation, made.number, made.previous) == (1, 1, 0)
    kept = await engines[1].version(1)
    assert kept is not None
    assert kept.files == {"tariffs.yaml": text}
    assert (kept.based_on, kept.author, kept.reason, kept.made_ms) == (0, "mia", "Preise", NOW_MS)
    assert kept.content_hash == f"sha256:{text}"


@pytest.mark.parametrize("base", [0, 1, 3])
async def test_a_draft_not_based_on_what_is_in_force_is_refused(
    versions: Versions, base: int
) -> None:
    await versions.apply(draft(0), order("a"))
    await versions.apply(draft(1, "b"), order("b"))
    with pytest.raises(ConflictError):
        await versions.apply(draft(base, "c"), order("c"))
    assert (await versions.version(3), (await versions.history(None, 9))[0].number) == (None, 2)


async def test_the_very_same_order_again_changes_nothing(versions: Versions) -> None:
    made = await versions.apply(draft(0), order())
    assert await versions.apply(draft(0), order()) == made
    await versions.apply(draft(1, "b"), order("b"))
    back = await versions.roll_back(1, 2, order("back"))
    assert await versions.roll_back(1, 2, order("back")) == back
    assert len(await versions.history(None, 9)) == 3


async def test_of_many_drafts_at_once_one_is_applied(engines: list[Versions]) -> None:
    await engines[0].apply(draft(0), order())
    outcomes = await asyncio.gather(
        *(tried(engines[n % 2].apply(draft(1, f"d{n}"), order(f"d{n}"))) for n in range(8))
    )
    assert sum(isinstance(outcome, Activation) for outcome in outcomes) == 1
    assert [made.number for made in await engines[0].history(None, 9)] == [2, 1]


async def test_an_older_version_is_a_new_activation(versions: Versions) -> None:
    await versions.apply(draft(0), order("a"))
    await versions.apply(draft(1, "b"), order("b"))
    back = await versions.roll_back(1, 2, order("back"))
    assert (back.activation, back.number, back.previous) == (3, 1, 2)
    assert back.cause is Cause.ROLLED_BACK
    made = await versions.apply(draft(1, "c"), order("c"))
    assert (made.number, made.previous) == (3, 1)


async def test_there_is_no_way_back_to_nothing_or_to_itself(versions: Versions) -> None:
    with pytest.raises(CallerError):
        await versions.roll_back(1, 0, order())
    await versions.apply(draft(0), order())
    with pytest.raises(CallerError) as refusal:
        await versions.roll_back(2, 1, order("x"))
    assert refusal.value.field == "number"
    with pytest.raises(ConflictError):
        await versions.roll_back(1, 1, order("x"))


async def test_of_those_who_go_back_at_once_one_does(engines: list[Versions]) -> None:
    for n in range(3):
        await engines[0].apply(draft(n, f"{n}"), order(f"{n}"))
    with pytest.raises(ConflictError):
        await engines[0].roll_back(1, 2, order("of what was in force before"))
    outcomes = await asyncio.gather(
        *(tried(engines[n % 2].roll_back(1 + n % 2, 3, order(f"b{n}"))) for n in range(8))
    )
    assert sum(isinstance(outcome, Activation) for outcome in outcomes) == 1
    assert len(await engines[0].history(None, 9)) == 4


async def test_what_is_confirmed_in_time_stays(versions: Versions) -> None:
    await versions.apply(draft(0), order())
    made = await versions.apply(draft(1, "b"), order("b", within_ms=MINUTE_MS))
    assert made.is_pending
    done = await versions.confirm(2, order("", NOW_MS + MINUTE_MS - 1))
    assert done == replace(made, confirmed_ms=NOW_MS + MINUTE_MS - 1, confirmed_by="mia")
    assert await versions.confirm(2, order("", NOW_MS + 5 * MINUTE_MS)) == done
    assert await versions.undo(NOW_MS + MINUTE_MS) is None
    assert await versions.active() == done


async def test_what_nobody_confirms_is_undone_once(engines: list[Versions]) -> None:
    await engines[0].apply(draft(0), order())
    made = await engines[0].apply(draft(1, "b"), order("b", within_ms=MINUTE_MS))
    over_ms = NOW_MS + MINUTE_MS
    assert await engines[1].undo(over_ms - 1) is None
    undone = await asyncio.gather(*(engines[n % 2].undo(over_ms + n) for n in range(8)))
    (done,) = [activation for activation in undone if activation is not None]
    assert (done.number, done.previous, done.cause) == (1, 2, Cause.UNDONE)
    assert list(await engines[0].history(None, 2)) == [done, made]
    with pytest.raises(ConflictError):
        await engines[0].confirm(2, order("", over_ms))


async def test_too_late_a_confirmation_is_refused(versions: Versions) -> None:
    await versions.apply(draft(0), order())
    await versions.apply(draft(1, "b"), order("b", within_ms=MINUTE_MS))
    with pytest.raises(ConflictError):
        await versions.confirm(2, order("", NOW_MS + MINUTE_MS))
    with pytest.raises(ConflictError):
        await versions.confirm(1, order())


async def test_confirmed_or_undone_never_both(engines: list[Versions]) -> None:
    """The two clocks differ: each thinks that it is in time."""
    await engines[0].apply(draft(0), order())
    for n in range(2, 8):
        base = (await engines[0].history(None, 1))[0].number
        made = await engines[0].apply(draft(base, f"{n}"), order(f"{n}", within_ms=MINUTE_MS))
        confirmed, undone = await asyncio.gather(
            tried(engines[0].confirm(made.number, order("", NOW_MS))),
            engines[1].undo(NOW_MS + MINUTE_MS),
        )
        assert isinstance(confirmed, Activation) is (undone is None)


async def test_nothing_is_applied_on_what_may_be_undone(versions: Versions) -> None:
    await versions.apply(draft(0), order())
    await versions.apply(draft(1, "b"), order("b", within_ms=MINUTE_MS))
    with pytest.raises(ConflictError):
        await versions.apply(draft(2, "c"), order("c"))
    back = await versions.roll_back(1, 2, order("back"))
    assert not back.is_pending
    assert await versions.undo(NOW_MS + MINUTE_MS) is None


async def test_history_in_pages_newest_first(versions: Versions) -> None:
    for n in range(5):
        await versions.apply(draft(n, f"{n}"), order(f"{n}"))
    first = await versions.history(None, 3)
    assert [made.activation for made in first] == [5, 4, 3]
    assert [made.activation for made in await versions.history(3, 3)] == [2, 1]


async def test_engines_tell_how_they_stand(engines: list[Versions]) -> None:
    views = [EngineView(engine=name, number=1, since_ms=NOW_MS) for name in ("e1", "e2")]
    for versions, view in zip(engines, views, strict=True):
        await versions.show(view)
    stuck = replace(views[0], problem="the secret stripe-key cannot be read", refused=2)
    await engines[0].show(replace(stuck, asterisk=False))
    assert list(await engines[1].views()) == [replace(stuck, asterisk=False), views[1]]
    await engines[0].hide("e1")
    assert list(await engines[1].views()) == [views[1]]


def own_draft(based_on: int, text: str) -> Draft:
    return replace(draft(based_on), own={"own.conf": text}, own_hash=f"sha256:{text}")


async def test_an_own_dialplan_is_kept_with_its_version(engines: list[Versions]) -> None:
    text = "exten => _+49X.,1,NoOp(\"grün\")\r\n ; \\ '%s'\n"
    await engines[0].apply(own_draft(0, text), order())
    kept = await engines[1].version(1)
    assert kept is not None
    assert (kept.own, kept.own_hash) == ({"own.conf": text}, f"sha256:{text}")


async def test_what_was_not_known_is_said_once(engines: list[Versions]) -> None:
    await engines[0].apply(draft(0), order("a"))
    await engines[0].apply(draft(1, "b"), order("b"))
    await engines[0].apply(own_draft(2, "c"), order("c"))
    assert (await engines[1].version(2)) == replace(
        await _made(engines[0], 2), own=None, own_hash=""
    )
    for text in ("first", "second"):
        await engines[1].adopt_own({"own.conf": text}, text)
    versions = [await _made(engines[0], number) for number in (1, 2, 3)]
    assert [made.own_hash for made in versions] == ["first", "first", "sha256:c"]
    assert versions[0].own == {"own.conf": "first"}


async def _made(versions: Versions, number: int) -> Version:
    made = await versions.version(number)
    assert made is not None
    return made


async def test_the_history_of_the_own_dialplan_is_its_changes(versions: Versions) -> None:
    await versions.apply(own_draft(0, "a"), order("1"))
    await versions.apply(replace(own_draft(1, "a"), content_hash="b"), order("2"))
    await versions.apply(own_draft(2, "b"), order("3"))
    await versions.roll_back(1, 3, order("4"))
    await versions.roll_back(2, 4, order("5"))
    assert [made.reason for made in await versions.own_history(None, 9)] == ["4", "3", "1"]
    assert [made.reason for made in await versions.own_history(None, 1)] == ["4"]
    assert [made.reason for made in await versions.own_history(4, 9)] == ["3", "1"]


async def test_before_an_own_dialplan_is_what_it_was_made_from(versions: Versions) -> None:
    assert await versions.own_before(1) == 0
    await versions.apply(own_draft(0, "a"), order("1"))
    await versions.apply(own_draft(1, "b"), order("2"))
    await versions.apply(replace(own_draft(2, "b"), content_hash="x"), order("3"))
    await versions.apply(own_draft(3, "c"), order("4"))
    await versions.apply(replace(own_draft(4, "b"), restores=3), order("5"))
    await versions.apply(replace(own_draft(5, "b"), content_hash="y"), order("6"))
    await versions.apply(own_draft(6, "d"), order("7"))
    found = [await versions.own_before(number) for number in range(1, 8)]
    assert found == [0, 1, 1, 3, 1, 1, 6]


async def test_an_own_dialplan_typed_in_again_comes_after_what_it_replaced(
    versions: Versions,
) -> None:
    await versions.apply(own_draft(0, "a"), order("1"))
    await versions.apply(own_draft(1, "b"), order("2"))
    await versions.apply(own_draft(2, "a"), order("3"))
    await versions.apply(own_draft(3, "b"), order("4"))
    await versions.apply(replace(own_draft(4, "a"), restores=3), order("5"))
    assert [await versions.own_before(number) for number in range(1, 6)] == [0, 1, 2, 3, 2]
