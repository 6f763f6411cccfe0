"""Files proposed to engines before they are put in force, and what engines answer."""

from dataclasses import replace

from engine.ports.versions import PROPOSED_AT_MOST_MS, Answer, EngineView, Unsaid, Versions
from tests.ports.ledger.books import NOW_MS
from tests.ports.ledger.versions.test_versions import engines, versions

__all__ = ["engines", "versions"]

FILES = {"tariffs.yaml": "tariffs: {}  # 'Ä' \"x\"\n"}
UNSAID = Unsaid(
    organisation="acme",
    section="services",
    entry="line",
    field="tariff.landline",
    lang="de",
    key="tariff-p123",
    words="Ihr Preis: „eins“",
    reason="no voice is installed that speaks 'de'",
    voiceless=True,
)


async def test_what_is_proposed_is_answered_by_each_engine(engines: list[Versions]) -> None:
    proposal = await engines[0].propose(FILES, NOW_MS)
    assert list(await engines[1].proposals()) == [proposal]
    assert await engines[1].proposed(proposal) == FILES
    at_it = [Answer(proposal=proposal, engine=name, is_done=False) for name in ("e2", "e1")]
    for one in at_it:
        await engines[1].answer(one)
    assert list(await engines[0].answers(proposal)) == at_it[::-1]
    done = replace(at_it[0], is_done=True, unsaid=(UNSAID, replace(UNSAID, lang="en")))
    await engines[1].answer(done)
    assert list(await engines[0].answers(proposal)) == [at_it[1], done]


async def test_what_is_withdrawn_is_gone_with_its_answers(engines: list[Versions]) -> None:
    first = await engines[0].propose(FILES, NOW_MS)
    second = await engines[1].propose(FILES, NOW_MS)
    assert first != second
    await engines[1].answer(Answer(proposal=first, engine="e1", is_done=True))
    await engines[0].withdraw(first)
    await engines[0].withdraw(first)
    await engines[1].answer(Answer(proposal=first, engine="e2", is_done=True))
    assert list(await engines[0].answers(first)) == []
    assert await engines[0].proposed(first) is None
    assert list(await engines[0].proposals()) == [second]


async def test_nobody_answers_one_number_twice(versions: Versions) -> None:
    """A number once taken away does not come again for other files."""
    first = await versions.propose(FILES, NOW_MS)
    await versions.withdraw(first)
    assert await versions.propose(FILES, NOW_MS + 1) != first


async def test_what_a_dead_proposer_left_goes_with_the_next(versions: Versions) -> None:
    left = await versions.propose(FILES, NOW_MS)
    await versions.answer(Answer(proposal=left, engine="e1", is_done=True))
    soon = await versions.propose(FILES, NOW_MS + PROPOSED_AT_MOST_MS)
    assert list(await versions.proposals()) == [left, soon]
    later = await versions.propose(FILES, NOW_MS + PROPOSED_AT_MOST_MS + 1)
    assert list(await versions.proposals()) == [soon, later]


async def test_an_engine_names_what_it_cannot_say(engines: list[Versions]) -> None:
    view = EngineView(
        engine="e1",
        number=1,
        since_ms=NOW_MS,
        problem="no",
        refused=2,
        unsaid=(UNSAID,),
        translations={"de": "nein"},
    )
    assert [view.why(lang) for lang in ("en", "de", "fr")] == ["no", "nein", "no"]
    await engines[0].show(view)
    assert list(await engines[1].views()) == [view]
