"""Each path of a probe."""

import pytest

from engine.core import events as e
from engine.core.actions import Action, DialOut, HangUp, SetTimer, TellProbe
from engine.core.call import Now
from engine.core.probe import Health, ProbePlan, Result
from engine.probing import machine
from engine.probing.call import ProbeCall, State

NOW_MS = 1_795_300_000_000
PLAN = ProbePlan(trunk="carrier", show_number="+493023125999", arrive_within_s=20)
HEALTH = Health(e164="+493023125100", organisation="acme", next_ms=0)


def after(*events: e.Event) -> tuple[ProbeCall, tuple[Action, ...]]:
    """The probe after its placing and these events, and what the last one ordered."""
    call = machine.begin(HEALTH, "p1", PLAN, NOW_MS)
    actions: tuple[Action, ...] = ()
    for event in (e.CallWanted(at_ms=NOW_MS), *events):
        assert machine.is_expected(call.state, event)
        call, actions = machine.step(call, event, Now(NOW_MS, 0))
    return call, actions


def ended(reason: e.LegFailure = e.LegFailure.REJECTED) -> e.Event:
    return e.LegFailed(at_ms=NOW_MS, leg="p1-a1", reason=reason)


def result(actions: tuple[Action, ...]) -> Result | None:
    return next((one.probe.result for one in actions if isinstance(one, TellProbe)), None)


def test_the_number_is_dialled_with_the_house_number_for_a_short_time() -> None:
    call, (dial, timer) = after()
    assert call.state is State.DIALING
    assert dial == DialOut(
        leg="p1-a1",
        trunk="carrier",
        e164="+493023125100",
        show_number="+493023125999",
        show_name="",
        ring_timeout_s=21,
        deadline_ms=21_000,
    )
    assert timer == SetTimer(name="arrive", at_ms=NOW_MS + 20_000)


@pytest.mark.parametrize("reason", list(e.LegFailure))
def test_a_leg_that_ends_is_told_for_its_reason(reason: e.LegFailure) -> None:
    call, actions = after(e.LegRinging(at_ms=NOW_MS, leg="p1-a1"), ended(reason))
    assert (call.state, result(actions)) == (State.REPORTING, machine.RESULTS[reason])
    assert not [one for one in actions if isinstance(one, HangUp)]
    assert after(ended(reason), e.CallSettled(at_ms=NOW_MS))[0].finished


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (e.LegAnswered(at_ms=NOW_MS, leg="p1-a1"), Result.ANSWERED),
        (e.TimerFired(at_ms=NOW_MS, name="arrive", due_ms=NOW_MS), Result.NOT_ARRIVED),
        (
            e.OrderFailed(at_ms=NOW_MS, order="DialOut", target="p1-a1", reason="away"),
            Result.NETWORK,
        ),
    ],
)
def test_a_leg_that_leads_nowhere_is_ended(event: e.Event, expected: Result) -> None:
    call, actions = after(event)
    assert (call.state, result(actions)) == (State.REPORTING, expected)
    assert HangUp(leg="p1-a1") in actions


def test_what_a_person_ends_proves_nothing() -> None:
    call, actions = after(e.EndOrdered(at_ms=NOW_MS, reason="by hand"))
    assert (call.finished, actions) == (True, (HangUp(leg="p1-a1"),))


@pytest.mark.parametrize(
    "event",
    [
        e.MoneyUnreachable(at_ms=NOW_MS, order="TellProbe", step=0),
        e.EndOrdered(at_ms=NOW_MS, reason="by hand"),
    ],
)
def test_a_probe_that_cannot_be_told_is_over(event: e.Event) -> None:
    call, actions = after(ended(), event)
    assert (call.finished, actions) == (True, ())


def test_what_its_engine_left_proves_nothing_unless_it_was_over() -> None:
    adopted = e.CallAdopted(at_ms=NOW_MS, legs=(), view=None)
    call, actions = after(adopted)
    assert (call.finished, actions) == (True, (HangUp(leg="p1-a1"),))
    call, actions = after(ended(), adopted)
    assert (call.state, result(actions)) == (State.REPORTING, Result.REFUSED)


def test_other_legs_are_not_its_own() -> None:
    other = e.LegFailed(at_ms=NOW_MS, leg="other", reason=e.LegFailure.BUSY)
    assert after(other) == (after()[0], ())
