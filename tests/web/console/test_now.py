"""What pages of live calls show: filters, the warning that stands, money that comes in."""

from dataclasses import replace

import pytest

from engine.flows.live import LiveCall
from engine.flows.machines.seen import Warned
from engine.web.console.pages.desk.shown import TOLD_SHOWN_MS, TOP_UP_SHOWN_MS, TopUps, warning
from engine.web.console.pages.live_calls.shown import ROWS_MOST, Wanted, shown, told

AT_MS = 1_795_331_060_000
CALL = LiveCall(
    at_ms=AT_MS,
    call_id="c1",
    organisation="acme",
    engine="e1",
    service="Sternlicht",
    account_id="a",
    caller="+493023125xxx",
    withheld=False,
    agent="a1",
    state="talking",
    since_ms=AT_MS - 60_000,
    arrived_ms=AT_MS - 80_000,
    currency="EUR",
    cost_micros=1_990_000,
    meter_runs=True,
    left_ms=115_000,
    balance_micros=5_000_000,
    held_micros=2_000_000,
    warned=(),
    ordered=(),
    first_call=False,
    config_version=1,
)


def _warned(ago_ms: int, prompt: str = "warning_agent-s120") -> LiveCall:
    at_ms = AT_MS - ago_ms
    both = (Warned(at_ms, "caller", prompt.replace("agent", "caller")),)
    return replace(CALL, warned=(*both, Warned(at_ms + 5, "agent", prompt)))


@pytest.mark.parametrize(
    ("call", "stands"),
    [
        (None, False),
        (CALL, False),
        (_warned(100), True),
        (_warned(60_000), True),
        (replace(_warned(60_000), left_ms=600_000), False),
        (replace(_warned(100), left_ms=600_000), True),
        (_warned(TOLD_SHOWN_MS + 10, "time_changed_agent"), False),
        (replace(_warned(60_000), left_ms=None), False),
    ],
)
def test_a_warning_stands_while_it_is_true(call: LiveCall | None, stands: bool) -> None:
    assert (warning(call, AT_MS) is not None) == stands


def test_money_that_comes_in_is_noticed_once_and_for_a_while() -> None:
    top_ups = TopUps()
    assert top_ups.notice(CALL, AT_MS) == 0
    richer = replace(CALL, balance_micros=25_000_000)
    assert top_ups.notice(richer, AT_MS + 1) == 20_000_000
    assert top_ups.notice(richer, AT_MS + TOP_UP_SHOWN_MS) == 20_000_000
    assert top_ups.notice(richer, AT_MS + TOP_UP_SHOWN_MS + 1) == 0
    assert top_ups.notice(replace(richer, balance_micros=24_000_000), AT_MS + 20_000) == 0
    other = replace(richer, call_id="c2", balance_micros=90_000_000)
    assert top_ups.notice(other, AT_MS + 21_000) == 0
    assert top_ups.notice(None, AT_MS + 22_000) == 0


def test_filters_count_all_and_show_what_fits() -> None:
    waiting = replace(CALL, call_id="c2", state="hunting", agent=None)
    ending = replace(CALL, call_id="c3", state="holding", service="Blitz")
    calls = [_warned(100), waiting, ending]
    everything = shown(calls, Wanted())
    assert (everything.all, everything.talking, everything.warned) == (3, 1, 1)
    for wanted, ids in (
        (Wanted(phase="waiting"), ["c2"]),
        (Wanted(phase="ending"), ["c3"]),
        (Wanted(service="Blitz"), ["c3"]),
        (Wanted(agent="a1", phase="talking"), ["c1"]),
        (Wanted(agent="nobody"), []),
    ):
        assert [call.call_id for call in shown(calls, wanted).calls] == ids
    many = [replace(CALL, call_id=f"c{n}") for n in range(ROWS_MOST + 1)]
    assert (len(shown(many, Wanted()).calls), shown(many, Wanted()).found) == (200, 201)


def test_a_warning_to_both_is_told_once() -> None:
    assert len(told(_warned(100))) == 1
