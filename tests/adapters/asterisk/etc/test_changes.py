"""What differs between two states of the files, and between the files and what Asterisk says."""

import pytest

from engine.asterisk.dialplan import render
from engine.asterisk.etc import likeness
from engine.asterisk.etc.changes import after_restart, changes, readers
from engine.asterisk.etc.plan import read_plan
from tests.adapters.asterisk.test_dialplan import INVENTORY, SITE

FILES = render(INVENTORY, SITE)
PLAN = read_plan(FILES, f"{SITE.folder}/etc")


def test_changes_are_told_by_kind_without_secrets() -> None:
    before = {"a": "x\n", "b": "secret = one\n", "c": "z\n"}
    after = {"a": "x\n", "b": "secret = two\nuser = u\n", "d": "password = three\n"}
    found = changes(before, after)
    assert [(change.file, change.kind) for change in found] == [
        ("b", "changed"), ("c", "removed"), ("d", "added"),
    ]  # fmt: skip
    told = "\n".join(line for change in found for line in change.lines)
    assert "+user = u" in told
    assert not {"one", "two", "three"} & set(told.split())


def test_a_long_difference_is_cut() -> None:
    [change] = changes({}, {"a": "line\n" * 1000})
    assert len(change.lines) == 201
    assert change.lines[-1].endswith("more lines")


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("own.d/a.conf", ("pbx_config",)),
        ("pjsip.conf", ("res_pjsip",)),
        ("musiconhold.conf", ("res_musiconhold",)),
        ("modules.conf", ()),
    ],
)
def test_who_reads_a_file_again(file: str, module: tuple[str, ...]) -> None:
    assert readers([file, file]) == module


def test_what_holds_only_after_a_restart() -> None:
    moved = FILES["pjsip.conf"].replace("protocol = udp", "protocol = tcp")
    assert after_restart(FILES, FILES | {"pjsip.conf": moved}) == ("pjsip.conf [udp]",)
    phones = FILES["pjsip.conf"].replace("agent-anna", "agent-anne")
    assert after_restart(FILES, FILES | {"pjsip.conf": phones}) == ()
    assert after_restart(FILES, FILES | {"modules.conf": ""}) == ("modules.conf",)


def _told() -> list[dict[str, str]]:
    """The plan as Asterisk tells it."""
    steps = [
        {
            "Context": step.context,
            "Extension": step.exten,
            "Priority": str(step.priority),
            "ExtensionLabel": step.label,
            "Application": step.application,
            "AppData": step.arguments,
            "Registrar": "pbx_config",
        }
        for context in PLAN.contexts.values()
        for step in context.steps
    ]
    includes = [
        {"Context": context.name, "IncludeContext": name, "Registrar": "pbx_config"}
        for context in PLAN.contexts.values()
        for name, _ in context.includes
    ]
    return steps + includes


def test_a_dialplan_is_compared_step_by_step() -> None:
    told = _told()
    assert likeness.dialplan_differences(PLAN, told) == ()
    assert likeness.dialplan_differences(PLAN, told[1:]) == (
        "Asterisk has no groschen-lines: _X!,1,Goto(groschen-call,${FILTER(+0-9,${EXTEN})},1)",
    )
    more = {"Context": "x", "Extension": "1", "Priority": "1", "Registrar": "pbx_config"}
    assert likeness.dialplan_differences(PLAN, [*told, more]) == ("Asterisk has also x: 1,1,()",)
    others = {**more, "Registrar": "res_parking"}
    assert likeness.dialplan_differences(PLAN, [*told, others]) == ()


def test_endpoints_are_compared_with_where_their_calls_come_from() -> None:
    wanted = likeness.endpoints(FILES["pjsip.conf"])
    assert set(wanted) == {"trunk-carrier", "agent-anna", "agent-berta"}
    told = {
        name: [{"Event": "EndpointDetail", "Context": one.context, "Aors": one.aors}]
        for name, one in wanted.items()
    }
    match = {"Event": "IdentifyDetail", "Match": "192.0.2.1:5060/255.255.255.255"}
    right = told | {"trunk-carrier": [*told["trunk-carrier"], match]}
    assert likeness.endpoint_differences(wanted, right) == ()
    wrong = told | {"other": [], "trunk-carrier": [*told["trunk-carrier"], {**match, "Match": "x"}]}
    del wrong["agent-anna"]
    assert likeness.endpoint_differences(wanted, wrong) == (
        "Asterisk has no endpoint agent-anna",
        "Asterisk has also the endpoint other",
        "endpoint trunk-carrier: its calls come from 'x', not '192.0.2.1:5060'",
    )
