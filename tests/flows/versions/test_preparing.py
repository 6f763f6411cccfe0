"""What no engine could say never comes into force, and is named where it was written."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from structlog.testing import capture_logs

from engine.core.inventory import Inventory
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.config import Problems
from engine.flows.config.words import sentence
from engine.flows.versions import proposing
from engine.flows.versions.configuration import Applied, Configuration
from engine.flows.versions.following import Followed, followed
from engine.ports.versions import Answer
from tests.flows.versions import office as offices
from tests.flows.versions.office import WHY, Office, SpeakingEngine, micros, priced


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.apply(priced("1.99"), 0)
    return office


@pytest.fixture
async def engines(office: Office) -> AsyncIterator[list[SpeakingEngine]]:
    """Two engines at work."""
    engines = [await office.speaking(name) for name in ("e1", "e2")]
    async with engines[0].at_work(), engines[1].at_work():
        yield engines


async def _refused(office: Office, price: str) -> Problems:
    outcome = await office.configuration.apply(priced(price), 1, WHY)
    assert isinstance(outcome, Problems)
    return outcome


async def test_what_one_engine_cannot_say_is_refused_at_its_field(
    office: Office, engines: list[SpeakingEngine]
) -> None:
    engines[1].sounds.missing_keys.add("tariff-p2490000")
    (problem,) = await _refused(office, "2.49")
    assert problem.field.startswith("tariffs.")
    assert problem.field.endswith(".landline")
    assert (problem.file, problem.line > 1, problem.rule) == ("base.yaml", True, "not_spoken")
    assert '"say tariff-p2490000-' in problem.message
    assert "scripts/sounds --fetch-voice" in problem.message
    assert "Abhilfe: der Betreiber ruft scripts/sounds --fetch-voice" in sentence(problem, "de")
    assert len(await office.configuration.history()) == 1
    assert [engine.number for engine in engines] == [1, 1]
    assert list(await office.versions.proposals()) == []


async def test_the_next_change_of_another_is_not_held_up(
    office: Office, engines: list[SpeakingEngine]
) -> None:
    engines[1].sounds.missing_keys.add("tariff-p2490000")
    await _refused(office, "2.49")
    made = await office.apply(priced("2.59"), 1)
    found = await followed(office.configuration, made.number, ("e1", "e2"), office.clock)
    assert found == Followed(("e1", "e2"), (), ())
    assert [micros(engine.view.inventory()) for engine in engines] == [2_590_000] * 2


async def test_engines_are_asked_only_where_something_new_is_said(
    office: Office, engines: list[SpeakingEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def note(*args: object) -> list[object]:
        asked.append(args)
        return []

    monkeypatch.setattr(proposing, "unsaid", note)
    other = {"base.yaml": offices.BASE + b"\n# a remark\n"}
    await office.apply(other, 1)
    assert asked == []
    await office.apply(priced("2.49"), 2)
    assert len(asked) == 1


async def test_an_older_version_that_cannot_be_said_any_more_stays_old(
    office: Office, engines: list[SpeakingEngine]
) -> None:
    await office.apply(priced("2.49"), 1)
    await followed(office.configuration, 2, ("e1", "e2"), office.clock)
    engines[0].sounds.missing_keys.add("tariff-p1990000")
    with pytest.raises(CallerError, match="tariff-p1990000"):
        await office.configuration.roll_back(1, WHY)
    assert (await office.configuration.history())[0].number == 2


async def test_nobody_rolls_back_over_what_came_while_the_engines_prepared(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.speaking("e1")
    await office.apply({"base.yaml": offices.BASE + b"\n# a remark\n"}, 1)

    async def meanwhile(*_: object) -> list[object]:
        await office.configuration.apply_own({"own.conf": "; theirs\n"}, 2, WHY)
        return []

    monkeypatch.setattr(Configuration, "_unsaid", meanwhile)
    with pytest.raises(ConflictError, match="another was put in force"):
        await office.configuration.roll_back(1, WHY)
    with pytest.raises(ConflictError, match="meanwhile version 3"):
        await office.configuration.roll_back(1, WHY, replaces=2)
    assert (await office.configuration.history())[0].number == 3


async def test_a_dead_engine_holds_nobody_up_for_long(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "HEARD_WITHIN_MS", 100)
    await office.speaking("dead")
    living = await office.speaking("e1")
    async with living.at_work():
        made = await office.apply(priced("2.49"), 1)
        found = await followed(office.configuration, made.number, ("e1",), office.clock)
    assert found.by_all


async def test_one_that_prepares_for_too_long_is_waited_for_no_longer(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "PREPARED_WITHIN_MS", 200)
    slow = await office.speaking("e1")

    async def say_so() -> None:
        while not (open_now := await office.versions.proposals()):  # noqa: ASYNC110 - a fake's
            await asyncio.sleep(0)
        await office.versions.answer(Answer(proposal=open_now[0], engine="e1", is_done=False))

    saying = asyncio.create_task(say_so())
    assert (await office.apply(priced("2.49"), 1)).number == 2
    await saying
    assert slow.number == 1


async def test_what_could_not_be_answered_is_answered_with_the_next_look(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await office.speaking("e1")
    proposal = await office.versions.propose({"base.yaml": offices.BASE.decode()}, 0)
    answer = office.versions.answer

    async def fail(given: Answer) -> None:
        if given.is_done:
            raise RemoteError("the database is away")
        await answer(given)

    monkeypatch.setattr(office.versions, "answer", fail)
    await engine.preparer.look()
    assert [one.is_done for one in await office.versions.answers(proposal)] == [False]
    monkeypatch.setattr(office.versions, "answer", answer)
    await engine.preparer.look()
    assert [one.is_done for one in await office.versions.answers(proposal)] == [True]
    monkeypatch.setattr(office.versions, "answer", fail)
    await engine.preparer.look()


@pytest.mark.parametrize("fault", [RemoteError("the books are away"), ValueError("a fault")])
async def test_one_that_cannot_be_answered_holds_up_none_behind_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    engine = await office.speaking("e1")
    files = {"base.yaml": offices.BASE.decode()}
    first, second = [await office.versions.propose(files, 0) for _ in range(2)]
    answer, tried = office.versions.answer, 0

    async def fail(given: Answer) -> None:
        nonlocal tried
        if given.proposal == first:
            tried += 1
            raise fault
        await answer(given)

    monkeypatch.setattr(office.versions, "answer", fail)
    with capture_logs() as logs:
        for look in (1, 2):
            await engine.preparer.look()
            assert [one.is_done for one in await office.versions.answers(second)] == [True]
            assert (tried, await office.versions.answers(first)) == (look, [])
    told = [line["proposal"] for line in logs if line["event"] == "config.not_prepared"]
    assert told == ([] if isinstance(fault, RemoteError) else [first])


async def test_what_is_in_force_is_no_mistake_of_a_draft_where_an_engine_lags(
    office: Office,
) -> None:
    """It names what the version in force says, which may be another organisation's."""
    late = await office.speaking("e1")
    await office.configuration.hide("e1")
    await office.apply(priced("2.49"), 1)
    late.sounds.missing_keys.add("tariff-p2490000")
    await late.watcher.look()
    assert late.number == 1
    title = priced("2.49")["base.yaml"].replace(b"Sternlicht}", b"Stern}")
    draft = {"base.yaml": title.replace(b"mobile: 2.99", b"mobile: 2.79")}
    async with late.at_work():
        assert isinstance(await office.configuration.apply(draft, 2, WHY), Applied)


async def test_slow_books_use_up_the_time_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.speaking("dead")
    answers, asked = office.versions.answers, 0

    async def slowly(proposal: int) -> Sequence[Answer]:
        nonlocal asked
        asked += 1
        office.clock.wall_ms += proposing.HEARD_WITHIN_MS
        return await answers(proposal)

    monkeypatch.setattr(office.versions, "answers", slowly)
    assert (await office.apply(priced("2.49"), 1)).number == 2
    assert asked == 1


async def test_an_engine_that_cannot_take_it_after_all_names_the_sentences(office: Office) -> None:
    """It was not there when it was prepared; it stays with the old one as a whole, and says why."""
    engine = await office.speaking("e1")
    await office.configuration.hide("e1")
    engine.sounds.missing_keys.add("tariff-p2490000")
    made = await office.apply(priced("2.49"), 1)
    async with engine.at_work():
        found = await followed(office.configuration, made.number, ("e1",), office.clock)
    (view,) = found.refusing
    assert (view.number, view.refused, found.by_all) == (1, 2, False)
    (unsaid,) = view.unsaid
    assert (unsaid.section, unsaid.field) == ("services", "tariff.landline")
    assert unsaid.organisation == engine.view.inventory().services[0].organisation


async def test_who_says_nothing_is_told_as_that(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.flows.versions.following.FOLLOWED_WITHIN_MS", 200)
    made = await office.apply(priced("2.49"), 1)
    found = await followed(office.configuration, made.number, ("e9",), office.clock)
    assert (found.silent, found.by_all) == (("e9",), False)
    assert (await followed(office.configuration, made.number, (), office.clock)).by_all


async def test_a_look_at_a_draft_names_what_the_looking_engine_cannot_say(office: Office) -> None:
    engine = await office.speaking()
    office.sounds = engine.sounds
    assert isinstance((await office.configuration.compare(priced("2.49"))).after, Inventory)
    engine.sounds.missing_keys.add("tariff-p2490000")
    found = await office.configuration.compare(priced("2.49"))
    assert found.problems is not None
    assert [problem.rule for problem in found.problems] == ["not_spoken"]
    assert (found.after, len(found.files)) == (None, 1)
    assert isinstance(await office.configuration.apply(priced("2.59"), 1, WHY), Applied)
