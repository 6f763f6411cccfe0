"""The forwarded call, driven event by event."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core import actions as a
from engine.core import events as e
from engine.core.call import Now
from engine.core.diversion.caps import Cap, Caps, Cost
from engine.core.diversion.record import ForwardedCall, Outcome
from engine.core.diversion.route import CallerClass, Forwarding, Found, Policy, Verdict
from engine.core.events import LegFacts, LegFailure
from engine.core.inventory import Inventory
from engine.core.probe import ProbePlan
from engine.diversion.call import State
from engine.diversion.finding import FINDS_MOST
from engine.diversion.joining import CUT_GRACE_MS, NETS_AGAIN_MS
from engine.flows.machines.forwarding import ForwardingMachine
from engine.forwarding import machine
from engine.forwarding.call import ForwardingCall
from engine.forwarding.deciding import ASK_AHEAD_MS, SHARE_MS
from tests.forwarding.cases import (
    CALLERS,
    CANADIAN,
    NOW_MS,
    NUMBER,
    SECOND,
    TARGET,
    TRUNK,
    US,
    arrival,
    forwarding,
    found,
)

TEN_MINUTES_MS = 600_000


class Driver:
    """One call, the orders it gave, and an instant that moves on."""

    def __init__(self, caller: str | None = US, *, privacy: str = "") -> None:
        self.caller = caller
        arrived = arrival(caller, privacy=privacy)
        self.call: ForwardingCall = machine.begin(arrived, TRUNK)
        self.now_ms = NOW_MS
        self.orders: list[a.Action] = []
        self.take(e.CallArrived, **{f: getattr(arrived, f) for f in ("leg", "did", "trunk")},
                  identity=arrived.identity)  # fmt: skip

    def take(self, event: type[e.Event], **fields: Any) -> None:
        self.now_ms += 100
        happened = event(at_ms=self.now_ms, **fields)
        assert machine.is_expected(self.call.state, happened)
        self.call, actions = machine.step(self.call, happened, Now(self.now_ms, self.now_ms))
        written = ForwardingMachine().encode(self.call)
        known = replace(self.call, caller=self.call.record.caller, show_number=self.call.number)
        assert ForwardingMachine().decode(written) == known
        assert self.caller is None or self.caller[1:] not in written.decode()
        self.orders += actions

    def find(self, known: Found) -> None:
        self.take(e.RouteFound, found=known)

    def through(self, terms: Forwarding | None = None, left_ms: int = TEN_MINUTES_MS) -> None:
        """The route is found, and there is a place under its caps."""
        self.find(found(terms))
        self.take(e.CallAdmitted, left_ms=left_ms)

    def fail(self, reason: LegFailure, sip_code: int | None = 480) -> None:
        self.take(e.LegFailed, leg=self.call.leg, reason=reason, sip_code=sip_code)

    def talk(self) -> None:
        """The target answers, and both are joined."""
        self.take(e.LegAnswered, leg=self.call.leg)
        for leg in (self.call.call_id, self.call.leg):
            self.take(e.LegJoined, leg=leg, bridge=self.call.bridge)

    def timer(self, name: str) -> None:
        self.take(e.TimerFired, name=name, due_ms=self.now_ms)

    def hang_up(self) -> None:
        """The caller does."""
        self.take(e.LegEnded, leg=self.call.call_id)

    def adopt(self, *legs: LegFacts) -> None:
        """Another engine takes the call over, as it was written down."""
        self.call = ForwardingMachine().decode(ForwardingMachine().encode(self.call))
        self.orders.clear()
        self.take(e.CallAdopted, legs=legs, view=None)

    def of(self, kind: type[a.Action]) -> list[Any]:
        return [order for order in self.orders if isinstance(order, kind)]

    def due(self, timer: str) -> int:
        """When a timer was last set to fire."""
        due_ms: int = [one.at_ms for one in self.of(a.SetTimer) if one.name == timer][-1]
        return due_ms

    def nets(self, limit_ms: int) -> set[a.SetDeadline]:
        """The switch's deadlines for a conversation that ends then."""
        at_ms = limit_ms + CUT_GRACE_MS
        return {a.SetDeadline(leg=leg, at_ms=at_ms) for leg in ("c1", self.call.leg)}

    @property
    def dialled(self) -> list[str]:
        return [order.e164 for order in self.of(a.DialOut)]

    def finish(self) -> ForwardedCall:
        """What is kept, once it is."""
        assert self.call.state is State.KEEPING
        kept: ForwardedCall = self.of(a.KeepForwarded)[-1].call
        self.take(e.CallSettled)
        assert self.call.finished
        return kept


def test_a_us_caller_is_put_through() -> None:
    driver = Driver()
    driver.through()
    (dial,) = driver.of(a.DialOut)
    assert (dial.e164, dial.show_number, dial.trunk) == (TARGET, US, "carrier")
    assert driver.of(a.IndicateRinging)
    assert not driver.of(a.Answer)
    driver.talk()
    assert driver.of(a.Answer)
    assert driver.call.state is State.TALKING
    joined_ms = driver.now_ms
    driver.take(e.LegLeft, leg=driver.call.leg, bridge=driver.call.bridge)
    kept = driver.finish()
    assert (kept.outcome, kept.target, kept.caller) == (Outcome.ANSWERED, TARGET, "+14155550xxx")
    assert (kept.joined_ms, kept.talk_ms) == (joined_ms, 100)
    assert {order.leg for order in driver.of(a.HangUp)} == {"c1", driver.call.leg}


@pytest.mark.parametrize("who", CallerClass)
def test_each_row_of_the_policy(who: CallerClass) -> None:
    """Everybody the policy does not let through hears ringing, and no target is called."""
    for verdict in Verdict:
        caller = CALLERS.get(who, US if who is CallerClass.US_WITHHELD else None)
        driver = Driver(caller, privacy="id" if who is CallerClass.US_WITHHELD else "")
        driver.find(found(forwarding(policy=Policy(**{who.value: verdict}))))
        if verdict is Verdict.THROUGH:
            assert driver.call.state is State.ADMITTING
            continue
        assert driver.call.state is State.RINGING_ON
        for _ in range(5):
            driver.timer("net")
        driver.hang_up()
        kept = driver.finish()
        assert (kept.outcome, kept.caller_class) == (Outcome.NOT_LET_THROUGH, who)
        assert driver.of(a.IndicateRinging)
        assert not driver.of(a.DialOut) + driver.of(a.Answer) + driver.of(a.Play)


def test_a_canadian_rings_until_he_hangs_up() -> None:
    driver = Driver(CANADIAN)
    driver.find(found())
    for _ in range(30):
        driver.timer("net")
    deadlines = [order.at_ms - driver.now_ms for order in driver.of(a.SetDeadline)]
    assert deadlines[-1] > 60_000
    assert len(driver.of(a.IndicateRinging)) == 1
    driver.hang_up()
    assert driver.finish().outcome is Outcome.NOT_LET_THROUGH


@pytest.mark.parametrize(("caller", "privacy"), [(US, "id"), (CALLERS[CallerClass.SERVICE], "")])
def test_what_may_not_be_shown_is_not(caller: str, privacy: str) -> None:
    """A withheld number is in no order and in nothing kept; the target sees the number called."""
    driver = Driver(caller, privacy=privacy)
    driver.through(forwarding(policy=Policy(service=Verdict.THROUGH)))
    (dial,) = driver.of(a.DialOut)
    assert dial.show_number == NUMBER
    driver.talk()
    driver.hang_up()
    kept = driver.finish()
    if privacy:
        assert kept.caller is None
        assert caller not in repr(driver.orders)
        written = ForwardingMachine().encode(Driver(caller, privacy=privacy).call)
        assert caller not in written.decode()
        assert ForwardingMachine().seen(driver.call, "e1", None, 0).caller is None


def test_the_second_target_is_called_when_the_first_is_busy() -> None:
    driver = Driver()
    driver.through(forwarding(TARGET, SECOND))
    driver.fail(LegFailure.BUSY)
    assert driver.dialled == [TARGET, SECOND]
    driver.talk()
    driver.hang_up()
    assert driver.finish().target == SECOND


@pytest.mark.parametrize(
    ("reasons", "outcome"),
    [
        ((LegFailure.BUSY, LegFailure.BUSY), Outcome.BUSY),
        ((LegFailure.BUSY, LegFailure.NO_ANSWER), Outcome.NO_ANSWER),
        ((LegFailure.WRONG_NUMBER, LegFailure.NETWORK), Outcome.FAILED),
    ],
)
def test_after_the_last_target_the_caller_hears_ringing_on(
    reasons: tuple[LegFailure, ...], outcome: Outcome
) -> None:
    driver = Driver()
    driver.through(forwarding(TARGET, SECOND))
    for reason in reasons:
        driver.fail(reason)
    assert driver.call.state is State.RINGING_ON
    assert not driver.of(a.Answer)
    driver.hang_up()
    kept = driver.finish()
    assert (kept.outcome, kept.target, kept.joined_ms) == (outcome, SECOND, None)


def test_a_target_of_which_nothing_is_heard_is_given_up() -> None:
    driver = Driver()
    driver.through(forwarding(TARGET, SECOND))
    first = driver.call.leg
    driver.timer("ring")
    assert first in [order.leg for order in driver.of(a.HangUp)]
    driver.take(e.OrderFailed, order="DialOut", target=driver.call.leg, reason="no way")
    assert driver.call.state is State.RINGING_ON


def test_a_caller_who_gives_up_ends_the_ringing_of_the_target() -> None:
    driver = Driver()
    driver.through()
    driver.hang_up()
    kept = driver.finish()
    assert (kept.outcome, kept.target) == (Outcome.ABANDONED, TARGET)
    assert [order.leg for order in driver.of(a.HangUp)] == [driver.call.leg]


def test_beyond_the_caps_the_caller_hears_ringing() -> None:
    driver = Driver()
    driver.find(found())
    driver.take(e.CallAdmitted, left_ms=None)
    assert driver.call.state is State.RINGING_ON
    assert driver.dialled == []
    driver.hang_up()
    assert driver.finish().outcome is Outcome.CAPPED


def test_a_cap_that_refuses_a_call_or_ends_it_is_kept_with_it() -> None:
    refused = Driver()
    refused.find(found())
    refused.take(e.CallAdmitted, left_ms=None, cap=Cap.COST_A_DAY)
    refused.hang_up()
    assert refused.finish().cap is Cap.COST_A_DAY
    for ends, cap in (("limit", Cap.COST_A_MONTH), ("caller", None)):
        driver = Driver()
        driver.find(found())
        driver.take(e.CallAdmitted, left_ms=90_000, cap=Cap.COST_A_MONTH)
        driver.talk()
        driver.timer("limit") if ends == "limit" else driver.hang_up()
        kept = driver.finish()
        assert (kept.outcome, kept.cap) == (Outcome.ANSWERED, cap)


def test_a_call_costs_what_the_target_does_that_took_it() -> None:
    """Before that nobody knows which one will: the dearest is reckoned with."""
    cost = Cost(
        currency="USD", minute_micros=(20_000, 8_500), a_day_micros=10**6, a_month_micros=10**6
    )
    driver = Driver()
    driver.through(forwarding(TARGET, SECOND, caps=Caps(cost=cost)))
    (asked,) = driver.of(a.AdmitForwarded)
    assert (asked.call.currency, asked.call.minute_micros) == ("USD", 20_000)
    driver.fail(LegFailure.BUSY)
    driver.talk()
    driver.now_ms = driver.due("more")
    driver.timer("more")
    driver.take(e.CallAdmitted, left_ms=TEN_MINUTES_MS)
    assert driver.of(a.AdmitForwarded)[-1].call.minute_micros == 8_500
    driver.hang_up()
    kept = driver.finish()
    assert kept.cost_micros == 8_500 * (1 + (kept.talk_ms // 1000 - 1) // 60)


def test_a_conversation_ends_with_what_was_left() -> None:
    driver = Driver()
    driver.through(left_ms=90_000)
    driver.talk()
    (limit,) = [order for order in driver.of(a.SetTimer) if order.name == "limit"]
    assert limit.at_ms == (driver.call.joined_ms or 0) + 90_000
    assert set(driver.of(a.SetDeadline)[-2:]) == driver.nets(limit.at_ms)
    driver.timer("limit")
    assert driver.finish().outcome is Outcome.ANSWERED


def test_a_conversation_holds_more_before_it_has_talked_what_it_holds() -> None:
    driver = Driver()
    driver.through(left_ms=SHARE_MS)
    driver.talk()
    joined_ms = driver.call.joined_ms or 0
    assert driver.of(a.AdmitForwarded)[0].wanted_ms == SHARE_MS
    assert driver.due("more") == joined_ms + SHARE_MS - ASK_AHEAD_MS
    driver.now_ms = driver.due("more")
    driver.timer("more")
    assert driver.of(a.AdmitForwarded)[-1].wanted_ms == 2 * SHARE_MS
    driver.take(e.CallAdmitted, left_ms=2 * SHARE_MS)
    assert driver.due("limit") == joined_ms + 2 * SHARE_MS
    assert driver.due("more") == joined_ms + 2 * SHARE_MS - ASK_AHEAD_MS
    assert set(driver.of(a.SetDeadline)[-2:]) == driver.nets(joined_ms + 2 * SHARE_MS)


@pytest.mark.parametrize(
    "answer", [{"left_ms": SHARE_MS}, {"left_ms": None}, {"order": "AdmitForwarded"}]
)
def test_where_nothing_more_is_left_it_asks_until_it_is_cut_off(answer: dict[str, Any]) -> None:
    driver = Driver()
    driver.through(left_ms=SHARE_MS)
    driver.talk()
    limit_ms = driver.due("limit")
    kind = e.MoneyUnreachable if "order" in answer else e.CallAdmitted
    asked = 0
    while (due_ms := driver.due("more")) >= driver.now_ms:
        driver.now_ms = due_ms
        driver.timer("more")
        driver.take(kind, **answer)
        asked += 1
    assert asked == 3
    assert driver.due("limit") == limit_ms
    driver.now_ms = limit_ms
    driver.timer("limit")
    assert driver.finish().outcome is Outcome.ANSWERED


def test_a_deadline_that_the_switch_did_not_take_is_set_again_until_it_does() -> None:
    driver = Driver()
    driver.through(left_ms=SHARE_MS)
    driver.talk()
    driver.now_ms = driver.due("more")
    driver.timer("more")
    driver.take(e.CallAdmitted, left_ms=2 * SHARE_MS)
    nets = driver.nets((driver.call.joined_ms or 0) + 2 * SHARE_MS)
    for _ in range(3):
        for leg in ("c1", driver.call.leg):
            driver.take(e.OrderFailed, order="SetDeadline", target=leg, reason="away")
        assert driver.due("nets") == driver.now_ms + NETS_AGAIN_MS
        driver.now_ms = driver.due("nets")
        driver.orders.clear()
        driver.timer("nets")
        assert set(driver.of(a.SetDeadline)) == nets
        assert driver.due("limit") == (driver.call.joined_ms or 0) + 2 * SHARE_MS


def test_only_deadlines_of_a_conversation_that_goes_on_are_set_again() -> None:
    driver = Driver()
    driver.through()
    driver.talk()
    driver.take(e.OrderFailed, order="Answer", target="c1", reason="away")
    assert "nets" not in {order.name for order in driver.of(a.SetTimer)}
    driver.take(e.OrderFailed, order="SetDeadline", target="c1", reason="away")
    assert driver.due("nets") > driver.now_ms
    driver.hang_up()
    assert a.CancelTimer(name="nets") in driver.orders
    driver.orders.clear()
    driver.take(e.OrderFailed, order="SetDeadline", target="c1", reason="gone")
    assert driver.orders == []


@pytest.mark.parametrize("known", [found(route=None), found(loops=True)])
def test_without_a_route_it_rings_unanswered(known: Found) -> None:
    driver = Driver()
    driver.find(known)
    assert driver.call.state is State.RINGING_ON
    assert driver.dialled == []
    driver.hang_up()
    assert driver.finish().outcome is Outcome.NO_ROUTE


def test_a_number_that_nobody_has_is_unallocated() -> None:
    driver = Driver()
    driver.find(Found())
    (gone,) = driver.of(a.HangUp)
    assert gone.reason is a.HangUpReason.UNALLOCATED
    assert driver.call.finished
    assert not driver.of(a.KeepForwarded)


def test_a_probe_that_has_come_back_is_refused_and_kept_nowhere() -> None:
    plan = ProbePlan(trunk="carrier", show_number=US)
    inventory = Inventory(version=1, trunks=(TRUNK,), probing=(plan,))
    marks = []
    for caller in (US, CANADIAN):
        begun = ForwardingMachine().begin(arrival(caller), "c1", inventory)
        assert begun is not None
        marks.append(begun.from_house)
    assert marks == [True, False]
    driver = Driver()
    driver.find(Found(is_probe=True))
    (gone,) = driver.of(a.HangUp)
    assert gone.reason is a.HangUpReason.REJECTED
    assert driver.call.finished
    assert not driver.of(a.KeepForwarded) + driver.of(a.DialOut) + driver.of(a.Answer)


def test_books_that_do_not_answer_are_asked_again_while_it_rings() -> None:
    driver = Driver()
    for _ in range(FINDS_MOST):
        driver.take(e.MoneyUnreachable, order="FindRoute")
        driver.timer("find")
    assert len(driver.of(a.FindRoute)) == FINDS_MOST + 1
    assert len(driver.of(a.IndicateRinging)) == 1
    driver.take(e.MoneyUnreachable, order="FindRoute")
    assert driver.of(a.HangUp)[-1].reason is a.HangUpReason.FAULT
    assert driver.call.finished


def test_nobody_is_called_while_the_caps_cannot_be_read() -> None:
    driver = Driver()
    driver.find(found())
    for _ in range(FINDS_MOST):
        driver.take(e.MoneyUnreachable, order="AdmitForwarded")
        assert driver.call.state is State.ADMITTING
        driver.timer("find")
    assert len(driver.of(a.AdmitForwarded)) == FINDS_MOST + 1
    driver.take(e.MoneyUnreachable, order="AdmitForwarded")
    assert driver.call.state is State.RINGING_ON
    assert driver.dialled == []


def test_a_caller_who_is_gone_before_his_route_is_found_is_kept() -> None:
    driver = Driver()
    driver.hang_up()
    driver.find(found())
    assert driver.dialled == []
    assert driver.finish().outcome is Outcome.ABANDONED
    canadian = Driver(CANADIAN)
    canadian.hang_up()
    canadian.find(found())
    assert canadian.finish().outcome is Outcome.NOT_LET_THROUGH


def test_a_bridge_that_does_not_come_about_ends_the_call() -> None:
    driver = Driver()
    driver.through()
    driver.take(e.LegAnswered, leg=driver.call.leg)
    driver.take(e.OrderFailed, order="Join", target=driver.call.bridge, reason="no")
    assert driver.finish().outcome is Outcome.FAILED


def test_a_person_ends_the_call() -> None:
    for talks in (False, True):
        driver = Driver()
        driver.through()
        if talks:
            driver.talk()
        driver.take(e.EndOrdered, reason="wrong", by="owner")
        assert driver.finish().outcome is (Outcome.ANSWERED if talks else Outcome.FAILED)
