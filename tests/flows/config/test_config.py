"""The operator's files: what is right becomes an inventory, what is wrong is told with its place.

`broken_configs/NAME.yaml` is read together with `base_config.yaml`, which is right by itself;
`NAME.txt` holds every problem word for word: file, line, column, field, rule, suggestion.
"""

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.form import parse_object
from engine.core.inventory import (
    Agent,
    AgentKind,
    HuntGroup,
    Inventory,
    OnAgentLost,
    PlatformFees,
    Service,
    Span,
    Trunk,
)
from engine.core.probe import ProbePlan
from engine.core.quote import read_tariff
from engine.core.retention import Kind, Policy
from engine.flows.config import (
    NO_STOCK,
    Problems,
    content_hash,
    load,
    parse,
    read,
    schema,
    tree,
)
from engine.flows.config.files import SECTIONS, TariffInFile
from engine.flows.config.problems import MOST_PROBLEMS
from engine.flows.config.tree import MOST_BYTES

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SAMPLE = ROOT / "config"
BASE = (HERE / "base_config.yaml").read_bytes()
BROKEN = sorted((HERE / "broken_configs").glob("*.yaml"))
RATING_VECTORS = ROOT / "tests" / "core" / "vectors" / "rating.jsonl"


def _with_base(**files: str | bytes) -> Inventory | Problems:
    """What becomes of the base and more files, given by their names without suffix."""
    sources = {"base.yaml": BASE}
    for name, content in files.items():
        sources[f"{name}.yaml"] = content.encode() if isinstance(content, str) else content
    return parse(sources)


def _right(**files: str | bytes) -> Inventory:
    outcome = _with_base(**files)
    assert isinstance(outcome, Inventory), str(outcome)
    return outcome


def _rules(outcome: Inventory | Problems) -> list[str]:
    assert isinstance(outcome, Problems)
    return [problem.rule for problem in outcome]


def _service(**keys: str) -> str:
    fields = {
        "numbers": "[030 23125 200]",
        "profile": "guthaben",
        "tariff": "standard",
        "group": "beratung",
    } | keys
    return "services:\n  zweite:\n" + "".join(f"    {k}: {v}\n" for k, v in fields.items())


# --- what is wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_mistake_is_told_with_its_place(path: Path) -> None:
    outcome = parse({"base.yaml": BASE, path.name: path.read_bytes()}, stocked=NO_STOCK)
    assert isinstance(outcome, Problems)
    assert str(outcome) + "\n" == path.with_suffix(".txt").read_text()


def test_every_broken_file_says_what_is_expected() -> None:
    told = {path.stem for path in (HERE / "broken_configs").glob("*.txt")}
    assert told == {path.stem for path in BROKEN}


def test_a_problem_carries_its_parts() -> None:
    (problem,) = _problems(_with_base(draft=_service(group="beratng")))
    assert (problem.file, problem.line, problem.column) == ("draft.yaml", 6, 12)
    assert problem.rule == "unknown_reference"
    assert problem.field == "services.zweite.group"
    assert problem.suggestion == "beratung"
    assert problem.paragraph == ""


def test_a_breach_carries_its_paragraph() -> None:
    (problem,) = _problems(_with_base(draft=_service(forced_end_min="61")))
    assert (problem.rule, problem.paragraph) == ("guard_forced_end", "§ 113(1) TKG")


def _problems(outcome: Inventory | Problems) -> Problems:
    assert isinstance(outcome, Problems)
    return outcome


def test_a_file_that_is_too_large() -> None:
    expected = "x.yaml: the file must have at most 1000000 bytes, not 10000000 [file_too_large]"
    assert str(_with_base(x=b"#" * (10 * MOST_BYTES))) == expected


def test_a_file_of_too_many_values_is_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST_NODES", 500)
    content = "agents: [" + "a," * 501
    assert _rules(_with_base(x=content)) == ["too_many_values"]


def test_long_and_many_lined_keys_tags_and_anchors_are_told_short() -> None:
    long = "x" * 2_000
    for content in (
        f'"{long}\\n": {{}}\n',
        f'agents:\n  ? "{long}\\n"\n  : {{}}\n',
        f"agents: !{long} {{}}\n",
        f"agents: *{long}\n",
    ):
        for problem in _problems(_with_base(x=content)):
            assert len(str(problem)) < 400
            assert "\n" not in str(problem)


def test_more_mistakes_than_anybody_reads_are_counted() -> None:
    many = "agents:\n" + "".join(f"  a{n}: {{lang: fr}}\n" for n in range(MOST_PROBLEMS + 7))
    problems = _problems(_with_base(x=many))
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1].rule == "too_many_problems"
    assert problems[-1].message.startswith("7 more")


def test_a_file_that_cannot_be_read_hides_no_names_of_the_others() -> None:
    outcome = _with_base(a="groups:\n  alle: {agents: [anna]\n", b=_service(group="alle"))
    assert _rules(outcome) == ["yaml_syntax"]


def test_what_was_written_is_quoted_short_and_in_one_line() -> None:
    (problem,) = _problems(_with_base(x=_service(guard='"' + "x\\n" * 500 + '"')))
    assert "\n" not in str(problem)
    assert len(str(problem)) < 300


# --- folders ---------------------------------------------------------------------------------


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    expected = f"{missing}: the folder cannot be read: No such file or directory [unreadable]"
    assert str(load(missing)) == expected


def test_a_folder_without_files(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing to read")
    (tmp_path / ".hidden.yaml").write_text("nothing: to read")
    assert _rules(load(tmp_path)) == ["no_files"]


def test_a_folder_of_too_many_files(tmp_path: Path) -> None:
    for n in range(101):
        (tmp_path / f"{n}.yaml").touch()
    assert _rules(load(tmp_path)) == ["too_many_files"]


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").mkdir()
    assert str(load(tmp_path)) == (
        "agents.yaml: the file cannot be read: Is a directory [unreadable]"
    )


def test_a_large_file_is_read_no_further_than_needed(tmp_path: Path) -> None:
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(50 * MOST_BYTES)
    sources = read(tmp_path)
    assert isinstance(sources, dict)
    assert len(sources["large.yaml"]) == MOST_BYTES + 1
    assert _rules(load(tmp_path)) == ["file_too_large"]


# --- what is right ---------------------------------------------------------------------------


def test_the_sample_is_right() -> None:
    inventory = load(SAMPLE, version=7)
    assert isinstance(inventory, Inventory), str(inventory)
    assert inventory.version == 7
    assert {service.guard for service in inventory.services} == {"DE"}
    assert all(not service.hours.holidays for service in inventory.services)
    service = inventory.service_of("+493023125100")
    assert service is not None
    assert service.tariff.landline_micros == 1_990_000
    assert service.tariff.first_call is not None
    outside = inventory.agent("clara")
    assert outside is not None
    assert (outside.kind, outside.address) == (AgentKind.OUTSIDE, "+494066969010")


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_the_sample_explains_every_key(section: str) -> None:
    told = "".join(path.read_text() for path in SAMPLE.glob("*.yaml"))
    for name, field in SECTIONS[section].model_fields.items():
        assert f"{field.alias or name}:" in told or f"`{name}`" in told, f"{section}.{name}"


def test_the_sample_explains_every_kind_with_its_default() -> None:
    told = (SAMPLE / "retention.yaml").read_text()
    for kind in Kind:
        months = getattr(Policy(), f"{kind}_months")
        line = rf"^  (# )?{kind}:(\s+# .*\n    months: | {{months: ){months}\b"
        assert re.search(line, told, re.MULTILINE), kind


def test_what_is_kept_for_another_time_changes_the_policy() -> None:
    assert _right().policy == Policy()
    changed = _right(x="retention:\n  calls: {months: 3}\n  notes: {months: 6}\n")
    assert changed.policy == Policy(calls_months=3, notes_months=6)


def test_numbers_are_probed_once_a_number_to_show_is_there() -> None:
    assert _right().probe_plan is None
    (trunk,) = [one.name for one in _right().trunks][:1]
    written = f"probing:\n  daily: {{trunk: {trunk}, number: 030 23125 100}}\n"
    plan = _right(x=written).probe_plan
    assert plan == ProbePlan(trunk=trunk, show_number="+493023125100")


def test_left_out_keys_have_the_defaults_of_the_inventory() -> None:
    inventory = _right()
    written = {"number_format", "host", "address", "agents"}
    for record, kind in (
        (inventory.trunks[0], Trunk),
        (inventory.agents[0], Agent),
        (inventory.groups[0], HuntGroup),
        (inventory.services[0], Service),
    ):
        for field in fields(kind):
            default = field.default
            if field.default_factory is not MISSING:
                default = field.default_factory()
            if default is not MISSING and field.name not in written:
                assert getattr(record, field.name) == default, field.name


def test_numbers_as_people_write_them_become_e164() -> None:
    numbers = '[030 23125 200, "0049 (30) 23125-201", +49 30 23125 202, 0800/1234567]'
    tariff = "tariffs:\n  frei: {currency: EUR, landline: 0, mobile: 0, increment: 1/1, "
    inventory = _right(
        x=tariff
        + "billing_starts: {from: conversation}}\n"
        + _service(numbers=numbers, tariff="frei")
    )
    assert inventory.services[1].dids == (
        "+493023125200",
        "+493023125201",
        "+493023125202",
        "+498001234567",
    )


def test_numbers_are_read_in_the_region_of_their_service() -> None:
    inventory = _right(x=_service(region="AT", guard="none", numbers="[01 5123456]"))
    assert inventory.services[1].dids == ("+4315123456",)


def test_outside_numbers_are_read_in_the_region_of_their_trunk() -> None:
    inventory = _right(
        x="trunks:\n  wien: {host: 192.0.2.11, number_format: cc, region: AT}\n"
        "agents:\n  eva: {kind: outside, trunk: wien, address: 0664 1234567}\n"
    )
    assert inventory.agents[1].address == "+436641234567"


@pytest.mark.parametrize(
    "address", ["192.0.2.22:5060", "phone-7.example.org:5062", "[2001:db8::7]:5060"]
)
def test_addresses_of_phones(address: str) -> None:
    inventory = _right(x=f'agents:\n  ben: {{address: "{address}"}}\n')
    assert inventory.agents[1].address == address


@pytest.mark.parametrize(
    "address",
    ["a b:5060", "192.0.2.22:0", "192.0.2.22:٣", "::1:5060", "x;y:5060", "fe80::1%x:5060", ":5060"],
)
def test_what_is_no_address_of_a_phone(address: str) -> None:
    assert _rules(_with_base(x=f'agents:\n  ben: {{address: "{address}"}}\n')) == ["bad_host"]


def test_an_address_with_a_zone_is_refused() -> None:
    trunk = "trunks:\n  zweiter: {host: 'fe80::1%eth0', number_format: cc}\n"
    assert _rules(_with_base(x=trunk)) == ["bad_host"]


def test_block_lists_hold_numbers_and_beginnings() -> None:
    inventory = _right(x=_service(blocked='["0900*", +49 30 23125 999, "+43*", 0049 152*]'))
    assert inventory.services[1].blocked == ("+49900*", "+493023125999", "+43*", "+49152*")


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1.99", 1_990_000),
        ('"1.99"', 1_990_000),
        ("2", 2_000_000),
        ("0.000001", 1),
        ("0.1", 100_000),
    ],
)
def test_money_is_read_from_its_characters(text: str, micros: int) -> None:
    inventory = _right(x=_tariff(landline=text, mobile=text))
    assert inventory.services[1].tariff.landline_micros == micros


def _tariff(**keys: str) -> str:
    fields = {
        "currency": "EUR",
        "landline": "1.99",
        "mobile": "2.99",
        "increment": "60/60",
        "billing_starts": "{from: conversation}",
    } | keys
    tariff = "tariffs:\n  anderer:\n" + "".join(f"    {k}: {v}\n" for k, v in fields.items())
    return tariff + _service(tariff="anderer")


def test_fees_are_exact() -> None:
    fees = "{per_month: 29.90, per_call: 0.000001, percent_of_calls: 12.5}"
    read_in = _right(fees=f"profiles: {{andere: {{currency: EUR, fees: {fees}}}}}")
    andere, guthaben = read_in.profile("andere"), read_in.profile("guthaben")
    assert andere is not None
    assert guthaben is not None
    assert andere.fees == PlatformFees(
        per_month_micros=29_900_000, per_call_micros=1, calls_basis_points=1_250
    )
    assert guthaben.fees == PlatformFees()


def test_other_callers_pay_the_dearer_price_unless_told() -> None:
    assert _right(x=_tariff()).services[1].tariff.other_micros == 2_990_000
    assert _right(x=_tariff(other="0.50")).services[1].tariff.other_micros == 500_000


def test_an_offer_has_its_list_and_its_days() -> None:
    offer = "{price: 0, minutes: 10, days: 30}"
    own = _right(x=_tariff(first_call=offer)).services[1]
    assert (own.caller_list, own.first_call_days) == ("sternlicht/zweite", 30)
    shared = _right(x=_tariff(first_call=offer) + "    caller_list: neue\n").services[1]
    assert shared.caller_list == "sternlicht/neue"
    assert _right(x=_tariff()).services[1].caller_list == ""


def test_thresholds_come_once_and_largest_first() -> None:
    inventory = _right(x=_service(thresholds_s="[15, 120, 15]"))
    assert inventory.services[1].thresholds_s == (120, 15)


def test_hours() -> None:
    hours = '{open: {sat-mon: "22:00-02:00", wed: ["09:00-12:00", "13:00-24:00"]}}'
    spans = _right(x=_service(hours=hours)).services[1].hours.spans
    assert [(s.weekday, s.opens_min, s.closes_min) for s in spans] == [
        (0, 0, 120),
        (0, 1320, 1440),
        (1, 0, 120),
        (2, 540, 720),
        (2, 780, 1440),
        (5, 1320, 1440),
        (6, 0, 120),
        (6, 1320, 1440),
    ]
    assert all(isinstance(span, Span) for span in spans)


def test_an_alias_stands_for_its_whole_value() -> None:
    inventory = _right(
        x="services:\n"
        "  a: {numbers: [030 23125 201], profile: guthaben, tariff: standard, group: beratung,"
        ' hours: &h {open: {mon: "09:00-18:00"}}}\n'
        "  b: {numbers: [030 23125 202], profile: guthaben, tariff: standard, group: beratung,"
        " hours: *h}\n"
    )
    assert inventory.services[1].hours == inventory.services[2].hours


def test_words_that_older_yaml_took_for_something_else() -> None:
    outcome = _right(x=_service(on_agent_lost="next", title="no", forced_end_min="30"))
    assert outcome.services[1].title == "no"
    assert outcome.services[1].on_agent_lost is OnAgentLost.NEXT


def test_a_byte_order_mark_and_windows_lines_are_no_mistake() -> None:
    text = _service().replace("\n", "\r\n").encode("utf-8-sig")
    assert len(_right(x=text).services) == 2


def test_an_empty_file_and_an_empty_section_are_no_mistake() -> None:
    assert len(_right(x="", y="# nothing yet\n", z="agents:\n").services) == 1


def test_the_guard_none_lets_pass_what_the_law_does_not() -> None:
    premium = _service(numbers="[0900 1 123456]", guard="none", forced_end_min="null")
    assert _right(x=premium).services[1].forced_end_min is None


def test_two_owners_with_everything_of_their_own() -> None:
    other = """
organisations:
  mondlicht: {title: Mondlicht}
agents:
  ben: {organisation: mondlicht}
groups:
  mond: {organisation: mondlicht, agents: [ben]}
profiles:
  mond: {organisation: mondlicht, currency: EUR}
"""
    named = BASE.decode().replace("anna: {", "anna: {organisation: sternlicht, ")
    named = named.replace("beratung: {", "beratung: {organisation: sternlicht, ")
    named = named.replace("guthaben: {", "guthaben: {organisation: sternlicht, ")
    named = named.replace("standard:\n", "standard:\n    organisation: sternlicht\n")
    named = named.replace("    numbers", "    organisation: sternlicht\n    numbers")
    inventory = parse({"base.yaml": named.encode(), "other.yaml": other.encode()})
    assert isinstance(inventory, Inventory), str(inventory)
    assert [agent.organisation for agent in inventory.agents] == ["sternlicht", "mondlicht"]


def test_a_tariff_reads_the_same_as_in_a_quote() -> None:
    for line in RATING_VECTORS.read_text().splitlines():
        written: dict[str, Any] = json.loads(line)["in"]["tariff"]
        quoted = read_tariff(parse_object(json.dumps(written)))
        assert TariffInFile.model_validate(written).built() == quoted


# --- versions --------------------------------------------------------------------------------


def test_the_hash_names_content_and_names() -> None:
    first = content_hash({"a.yaml": b"1", "b.yaml": b"2"})
    assert first == content_hash({"b.yaml": b"2", "a.yaml": b"1"})
    others = [{"a.yaml": b"12", "b.yaml": b""}, {"a.yaml": b"1", "c.yaml": b"2"}, {"a.yaml": b"1"}]
    assert len({first, *(content_hash(sources) for sources in others)}) == 4


def test_the_published_schema_is_that_of_the_models() -> None:
    committed = (SAMPLE / "schema.json").read_text()
    assert json.loads(committed) == schema(), "run: groschen config schema > config/schema.json"


# --- anything at all -------------------------------------------------------------------------

SAMPLE_TEXT = (SAMPLE / "tariffs.yaml").read_text() + (HERE / "base_config.yaml").read_text()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_at_all_raise(content: bytes) -> None:
    _with_base(x=content)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(SAMPLE_TEXT)),
    st.integers(0, 12),
    st.text(alphabet="{}[]:,&*!|>'\"%@`#-?~ \n\tax0+.é", max_size=6),
)
def test_no_slip_of_the_hand_raises(at: int, removed: int, typed: str) -> None:
    text = SAMPLE_TEXT[:at] + typed + SAMPLE_TEXT[at + removed :]
    outcome = parse({"x.yaml": text.encode()})
    assert isinstance(outcome, Inventory | Problems)


def test_the_right_to_a_number_of_probes_is_named_beside_it() -> None:
    right = ", number_right: letter of the carrier"
    text = "probing:\n  daily: {trunk: carrier, number: 030 23125 997%s}\n"
    assert _rules(_probing(text % "")) == ["guard_caller_id_not_held"]
    assert not isinstance(_probing(text % right), Problems)


def _probing(text: str) -> Inventory | Problems:
    return parse({"base.yaml": BASE, "probing.yaml": text.encode()}, stocked=NO_STOCK)
