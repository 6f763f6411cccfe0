"""Files become versions whole or not at all, and go back the way they came."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.core.numbers.number import Status
from engine.errors import CallerError, ConflictError
from engine.flows.config import Problems
from engine.flows.config.tree import MOST_BYTES
from engine.flows.versions.configuration import BYTES_MOST, Applied, Why, begin
from engine.ports.numbers import Commit, Move
from engine.ports.versions import Cause
from tests.fakes.numbers.giving import give
from tests.flows.versions.office import BASE, WHY, Office, micros, priced
from tests.tracking import cases as tracked

BROKEN = Path(__file__).parents[1] / "config" / "broken_configs"
BROKEN_FILES = {path: path.read_bytes() for path in BROKEN.glob("*.yaml")}
HOST = "192.0.2.21:5060"
MINUTE_MS = 60_000


@pytest.fixture
def office() -> Office:
    return Office()


async def test_files_come_back_as_they_were_applied(office: Office) -> None:
    bom = b"\xef\xbb\xbf# gr\xc3\xbcn\r\n"
    await office.apply({"base.yaml": BASE, "note.yaml": bom}, 0)
    current = await office.configuration.in_force()
    assert current is not None
    kept = {name: text.encode() for name, text in current.version.files.items()}
    assert kept == {"base.yaml": BASE, "note.yaml": bom}
    assert (await office.configuration.inventory(current.version)).version == 1


@pytest.mark.parametrize("path", sorted(BROKEN_FILES), ids=lambda path: path.stem)
async def test_no_broken_file_changes_anything(office: Office, path: Path) -> None:
    before = await office.apply({"base.yaml": BASE}, 0)
    sources = {"base.yaml": BASE, path.name: BROKEN_FILES[path]}
    outcome = await office.configuration.apply(sources, 1, WHY)
    assert isinstance(outcome, Problems)
    assert await office.configuration.active() == before
    assert await office.versions.version(2) is None


@pytest.mark.parametrize(
    ("sources", "field"),
    [
        ({}, "files"),
        ({f"{n}.yaml": b"" for n in range(101)}, "files"),
        ({"../base.yaml": BASE}, "files.'../base.yaml'"),
        ({".base.yaml": BASE}, "files.'.base.yaml'"),
        ({"base.txt": BASE}, "files.'base.txt'"),
        ({f"{n}.yaml": b"#" * MOST_BYTES for n in range(BYTES_MOST // MOST_BYTES + 1)}, "files"),
    ],
    ids=["none", "many", "elsewhere", "hidden", "no yaml", "large"],
)
async def test_files_that_could_not_be_written_again(
    office: Office, sources: dict[str, bytes], field: str
) -> None:
    with pytest.raises(CallerError) as refusal:
        await office.configuration.apply(sources, 0, WHY)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("why", "within_ms", "field"),
    [
        (Why("", "x"), None, "author"),
        (Why("mia", " "), None, "reason"),
        (Why("mia", "a\nb"), None, "reason"),
        (Why("mia", "x" * 501), None, "reason"),
        (WHY, 4_999, "confirm_within"),
        (WHY, 25 * 60 * MINUTE_MS, "confirm_within"),
    ],
)
async def test_orders_that_are_none(
    office: Office, why: Why, within_ms: int | None, field: str
) -> None:
    await office.apply({"base.yaml": BASE}, 0)
    with pytest.raises(CallerError) as refusal:
        await office.configuration.apply(priced("2.49"), 1, why, within_ms)
    assert refusal.value.field == field


async def test_the_same_files_again_are_no_version(office: Office) -> None:
    made = await office.apply(priced("1.99"), 0)
    outcome = await office.configuration.apply(priced("1.99"), 7, WHY)
    assert outcome == Applied(made, is_new=False)


async def test_the_first_version_has_nothing_to_come_back_to(office: Office) -> None:
    with pytest.raises(CallerError) as refusal:
        await office.configuration.apply(priced("1.99"), 0, WHY, MINUTE_MS)
    assert refusal.value.field == "confirm_within"


async def test_undone_by_itself_when_the_time_is_over(office: Office) -> None:
    await office.apply(priced("1.99"), 0)
    await office.apply(priced("2.49"), 1, 5 * MINUTE_MS)
    office.clock.wall_ms += 5 * MINUTE_MS - 1
    assert (await office.configuration.history())[0].number == 2
    office.clock.wall_ms += 1
    undone, applied, _ = await office.configuration.history()
    assert (undone.number, undone.cause, undone.at_ms) == (1, Cause.UNDONE, office.clock.wall_ms)
    with pytest.raises(ConflictError):
        await office.configuration.confirm(applied.number, "mia")


async def test_confirmed_in_time_it_stays(office: Office) -> None:
    await office.apply(priced("1.99"), 0)
    await office.apply(priced("2.49"), 1, 5 * MINUTE_MS)
    done = await office.configuration.confirm(None, "mia")
    assert (done.number, done.confirmed_by) == (2, "mia")
    office.clock.wall_ms += 6 * MINUTE_MS
    assert await office.configuration.active() == done


async def test_what_was_undone_is_not_confirmed_by_confirming_what_is_in_force(
    office: Office,
) -> None:
    await office.apply(priced("1.99"), 0)
    with pytest.raises(ConflictError, match="no version waits"):
        await office.configuration.confirm(None, "mia")
    await office.apply(priced("2.49"), 1, 5 * MINUTE_MS)
    office.clock.wall_ms += 6 * MINUTE_MS
    active = await office.configuration.active()
    assert active is not None
    assert active.number == 1
    with pytest.raises(ConflictError, match="version 2 was undone"):
        await office.configuration.confirm(None, "mia")


async def test_going_back_twice_goes_back_further(office: Office) -> None:
    for number, price in enumerate(("1.99", "2.09", "2.19")):
        await office.apply(priced(price), number)
    back = [await office.configuration.roll_back(None, Why("mia", f"{n}")) for n in range(2)]
    assert [activation.number for activation in back] == [2, 1]
    with pytest.raises(CallerError) as refusal:
        await office.configuration.roll_back(None, WHY)
    assert refusal.value.field == "number"
    assert (await office.configuration.roll_back(3, WHY)).number == 3


async def test_before_the_first_there_is_nothing_to_confirm(office: Office) -> None:
    with pytest.raises(ConflictError):
        await office.configuration.confirm(None, "mia")
    with pytest.raises(CallerError):
        await office.configuration.version(1)
    assert await office.configuration.in_force() is None


async def test_a_draft_is_compared_with_what_is_in_force(office: Office) -> None:
    first = await office.configuration.compare(priced("1.99"))
    assert (first.base, len(first.files)) == (0, 1)
    assert {entry.kind for entry in first.entries} == {"added"}
    await office.apply(priced("1.99"), 0)
    (entry,) = (await office.configuration.compare(priced("2.49"))).entries
    (field,) = entry.fields
    assert (entry.section, entry.name) == ("services", "sternlicht")
    assert (field.field, field.before, field.after) == ("tariff.landline", "1.99", "2.49")
    broken = await office.configuration.compare({"base.yaml": b"\xff", **priced("3.49")})
    assert [problem.rule for problem in broken.problems or ()] == ["guard_price_per_minute"]
    assert (len(broken.files), broken.entries) == (1, ())


# --- the start of an engine --------------------------------------------------------------------


def _folder(path: Path, sources: dict[str, bytes]) -> Path:
    for name, content in sources.items():
        (path / name).write_bytes(content)
    return path


async def test_without_a_version_the_folder_becomes_the_first(
    office: Office, tmp_path: Path
) -> None:
    opening = await begin(office.configuration, _folder(tmp_path, priced("1.99")), "e1")
    assert (opening.activation.number, opening.activation.author) == (1, "engine:e1")
    assert (opening.inventory.version, opening.differs) == (1, False)
    again = await begin(office.configuration, tmp_path, "e2")
    assert again.activation == opening.activation


async def test_a_folder_that_differs_changes_nothing(office: Office, tmp_path: Path) -> None:
    await office.apply(priced("1.99"), 0)
    opening = await begin(office.configuration, _folder(tmp_path, priced("2.49")), "e1")
    assert (micros(opening.inventory), opening.differs) == (1_990_000, True)
    _folder(tmp_path, {"base.yaml": b"no: [yaml"})
    assert (await begin(office.configuration, tmp_path, "e1")).differs
    assert (await begin(office.configuration, tmp_path / "nowhere", "e1")).differs
    assert len(await office.configuration.history()) == 1


async def test_a_first_start_with_a_mistake_is_none(office: Office, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"base\.yaml:1:"):
        await begin(office.configuration, _folder(tmp_path, {"base.yaml": b"no: [yaml"}), "e1")
    (tmp_path / "base.yaml").unlink()
    with pytest.raises(CallerError, match="no_files"):
        await begin(office.configuration, tmp_path, "e1")
    assert await office.configuration.active() is None


async def test_of_two_engines_that_start_at_once_one_begins(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other has looked before there was a version."""
    configuration = office.configuration
    apply = configuration.apply

    async def slower(*args: object) -> object:
        await office.apply(priced("2.49"), 0)
        return await apply(*args)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(configuration, "apply", slower)
    opening = await begin(configuration, _folder(tmp_path, priced("1.99")), "e2")
    assert (micros(opening.inventory), opening.differs) == (2_490_000, True)


async def test_an_organisation_gives_its_services_numbers_it_has_and_no_others(
    office: Office,
) -> None:
    """Kept is what is in force; new is what it has in the stock and takes calls on."""
    held = "+493023125107"
    await office.apply({"base.yaml": BASE}, 0)
    await give(office.numbers, tracked.number(held, organisation="sternlicht"))
    await give(office.numbers, tracked.number("+493023125108", organisation="bolt"))
    ordered = tracked.number("+493023125109", organisation="sternlicht", status=Status.ORDERED)
    await give(office.numbers, ordered)
    for wanted, fields in (
        ("030 23125 100, 030 23125 107", ()),
        ("030 23125 107", ()),
        ("030 23125 108, 030 23125 107, 030 23125 109", (0, 2)),
        ("030 23125 107, 030 23125 110", (1,)),
    ):
        sources = {"base.yaml": BASE.replace(b"030 23125 100", wanted.encode())}
        compared = await office.configuration.compare(sources, "sternlicht")
        told = [(problem.rule, problem.field) for problem in compared.problems or ()]
        assert told == [
            ("number_not_held", f"services.sternlicht.numbers.{place}") for place in fields
        ]
        assert (await office.configuration.compare(sources)).problems is None
        if fields:
            outcome = await office.configuration.apply(sources, 1, WHY, None, "sternlicht")
            assert outcome == compared.problems
    own = {"base.yaml": BASE.replace(b"030 23125 100", b"030 23125 107")}
    applied = await office.configuration.apply(own, 1, WHY, None, "sternlicht")
    assert isinstance(applied, Applied)
    back = await office.configuration.compare({"base.yaml": BASE}, "sternlicht")
    assert [problem.rule for problem in back.problems or ()] == ["number_not_held"]


def _showing(number: str, more: str = "") -> dict[str, bytes]:
    """The base with an outside agent who is shown a number."""
    shown = f"number_format: e164_plus, caller_id: {number}{more}}}"
    agent = f"{{kind: outside, trunk: carrier, address: 040 66969 010}}\n  ben: {{address: {HOST}}}"
    text = BASE.decode().replace("number_format: e164_plus}", shown)
    return {"base.yaml": text.replace(f"{{address: {HOST}}}", agent).encode()}


async def test_people_called_are_shown_a_number_that_whoever_calls_has(office: Office) -> None:
    """A service's, or one active in the stock; or the right to it is proved otherwise."""
    await office.apply({"base.yaml": BASE}, 0)
    own, other, quiet = (f"+49302312510{n}" for n in (7, 8, 9))
    await give(office.numbers, tracked.number(own, organisation="sternlicht"))
    await give(office.numbers, tracked.number(other, organisation="bolt"))
    given_back = tracked.number(quiet, organisation=None, status=Status.QUARANTINED)
    await give(office.numbers, given_back)
    for number, more, wrong in (
        ("030 23125 100", "", None),
        ("030 23125 107", "", None),
        ("030 23125 108", "", "agents.anna.trunk"),
        ("030 23125 109", "", "trunks.carrier.caller_id"),
        ("030 23125 110", "", "trunks.carrier.caller_id"),
        ("030 23125 110", ", caller_id_right: a letter", None),
    ):
        sources = _showing(number, more)
        compared = await office.configuration.compare(sources)
        told = [(one.rule, one.field, one.paragraph) for one in compared.problems or ()]
        rule, paragraph = "guard_caller_id_not_held", "§ 120(1), (2) TKG"
        assert told == ([(rule, wrong, paragraph)] if wrong else [])
        if wrong:
            assert await office.configuration.apply(sources, 1, WHY) == compared.problems


async def test_a_number_shown_that_was_given_back_stays_readable(office: Office) -> None:
    """The operator is told with his next change, no organisation with its own."""
    held = await give(office.numbers, tracked.number("+493023125107", organisation="sternlicht"))
    await office.apply(_showing("030 23125 107"), 0)
    gone = replace(held, status=Status.QUARANTINED, organisation=None, version=2)
    moved = Commit(author="operator", at_ms=1, moves=(Move(held, gone, "given_back"),))
    await office.numbers.commit(moved)
    current = await office.configuration.in_force()
    assert current is not None
    assert (await office.configuration.inventory(current.version)).trunks[0].caller_id
    dearer = {"base.yaml": _showing("030 23125 107")["base.yaml"].replace(b"1.99", b"1.89")}
    assert (await office.configuration.compare(dearer, "sternlicht")).problems is None
    found = await office.configuration.compare(dearer)
    assert [one.rule for one in found.problems or ()] == ["guard_caller_id_not_held"]


async def test_a_number_not_held_is_told_with_every_other_mistake(office: Office) -> None:
    await office.apply({"base.yaml": BASE}, 0)
    wrong = BASE.replace(b"030 23125 100", b"030 23125 108").replace(b"standard\n", b"none\n")
    compared = await office.configuration.compare({"base.yaml": wrong}, "sternlicht")
    rules = {problem.rule for problem in compared.problems or ()}
    assert {"number_not_held", "unknown_reference"} <= rules


# --- the own dialplan in the versions -----------------------------------------------------------

OWN = {"own.conf": "exten => 4711,1,Hangup(17)\n"}


async def _own(office: Office) -> object:
    current = await office.configuration.in_force()
    assert current is not None
    return (await office.configuration.inventory(current.version)).own_dialplan


async def test_the_first_engine_tells_what_own_dialplan_there_was(
    office: Office, tmp_path: Path
) -> None:
    (tmp_path / "base.yaml").write_bytes(BASE)
    unread = await begin(office.configuration, tmp_path, "e1", None)
    assert unread.inventory.own_dialplan is None
    await office.apply(priced("2.49"), 1)
    first = await begin(office.configuration, tmp_path, "e1", OWN)
    second = await begin(office.configuration, tmp_path, "e2", {"other.conf": "; theirs\n"})
    assert first.inventory.own_dialplan == second.inventory.own_dialplan == OWN
    for number in (1, 2):
        assert (await office.configuration.version(number)).own == OWN
    assert [one.number for one in await office.configuration.own_history()] == [1]


async def test_prices_and_dialplan_do_not_meet(office: Office) -> None:
    await office.apply(priced("1.99"), 0)
    await office.configuration.adopt_own({})
    await office.configuration.apply_own(OWN, 1, WHY)
    await office.apply(priced("2.49"), 1)
    assert await _own(office) == OWN
    await office.configuration.apply_own({}, 2, WHY)
    current = await office.configuration.in_force()
    assert current is not None
    assert micros(await office.configuration.inventory(current.version)) == 2_490_000
    comparison = await office.configuration.between(3, 4)
    assert ([*comparison.files], [one.name for one in comparison.own]) == ([], ["own.conf"])
    with pytest.raises(ConflictError, match="changed since version 3"):
        await office.configuration.apply_own({"b.conf": ""}, 3, WHY)
    with pytest.raises(ConflictError, match="based on"):
        await office.apply(priced("2.59"), 2)


async def test_an_own_dialplan_is_bounded_and_needs_a_version(office: Office) -> None:
    with pytest.raises(ConflictError, match="no version yet"):
        await office.configuration.apply_own(OWN, 0, WHY)
    await office.apply(priced("1.99"), 0)
    with pytest.raises(CallerError) as refusal:
        await office.configuration.apply_own({"a.conf": "ä" * 500_001}, 1, WHY)
    assert refusal.value.field == "files"


async def test_a_rollback_brings_both_back(office: Office) -> None:
    await office.apply(priced("1.99"), 0)
    await office.configuration.adopt_own({})
    await office.configuration.apply_own(OWN, 1, WHY)
    await office.configuration.roll_back(1, WHY)
    assert await _own(office) == {}
