"""The forwarded call, taken over by another engine."""

from typing import Any

from engine.core import actions as a
from engine.core import events as e
from engine.core.diversion.record import Outcome
from engine.core.events import LegFacts, LegFailure
from engine.diversion.call import State
from engine.forwarding.deciding import SHARE_MS
from tests.forwarding.cases import CANADIAN, NUMBER, SECOND, TARGET, forwarding, found
from tests.forwarding.test_machine import TEN_MINUTES_MS, Driver


def stands(leg: str, **known: Any) -> LegFacts:
    return LegFacts(leg, alive=True, **known)


def test_whoever_takes_a_conversation_over_asks_for_what_it_had_asked_for() -> None:
    driver = Driver()
    driver.through(left_ms=SHARE_MS)
    driver.talk()
    driver.now_ms = driver.due("more")
    driver.timer("more")
    driver.adopt(stands("c1"), stands(driver.call.leg))
    driver.timer("more")
    assert driver.of(a.AdmitForwarded)[-1].wanted_ms == 2 * SHARE_MS
    assert driver.due("limit") == (driver.call.joined_ms or 0) + SHARE_MS


def test_a_target_that_rang_for_a_dead_engine_is_called_again() -> None:
    driver = Driver()
    driver.through(forwarding(TARGET, SECOND))
    first = driver.call.leg
    driver.adopt(stands("c1"), stands(first))
    assert [order.leg for order in driver.of(a.HangUp)] == [first]
    driver.take(e.LegFailed, leg=first, reason=LegFailure.NETWORK)
    driver.timer("again")
    (dial,) = driver.of(a.DialOut)
    assert (dial.e164, dial.show_number) == (TARGET, NUMBER)
    assert driver.call.leg not in ("", first)
    driver.talk()
    driver.hang_up()
    assert driver.finish().caller == "+14155550xxx"


def test_a_target_that_the_switch_let_go_is_called_once_more() -> None:
    """It rang for an engine that died; its end may be heard before the call is taken over."""
    driver = Driver()
    driver.through()
    driver.fail(LegFailure.NETWORK, None)
    assert driver.call.state is State.CALLING
    driver.adopt(stands("c1"))
    driver.timer("again")
    assert driver.dialled == [TARGET]
    driver.fail(LegFailure.NETWORK, None)
    assert driver.call.state is State.RINGING_ON


def test_a_ringing_that_is_over_without_an_answer_is_no_answer() -> None:
    driver = Driver()
    driver.through(forwarding(TARGET, SECOND))
    driver.now_ms += 25_000
    driver.fail(LegFailure.NO_ANSWER, None)
    assert driver.dialled == [TARGET, SECOND]


def test_a_target_that_answered_meanwhile_has_the_call() -> None:
    driver = Driver()
    driver.through()
    driver.adopt(stands("c1"), stands(driver.call.leg, answered=True))
    assert driver.dialled == []
    assert driver.call.state is State.JOINING


def test_a_conversation_goes_on_or_ended_when_the_first_left() -> None:
    driver = Driver()
    driver.through()
    driver.talk()
    driver.adopt(stands("c1"), stands(driver.call.leg))
    assert driver.call.state is State.TALKING
    limit_ms = (driver.call.joined_ms or 0) + TEN_MINUTES_MS
    assert set(driver.of(a.SetDeadline)) == driver.nets(limit_ms)
    left_ms = driver.now_ms + 5_000
    driver.adopt(stands("c1"), LegFacts(driver.call.leg, False, True, ended_ms=left_ms))
    kept = driver.finish()
    assert (kept.outcome, kept.ended_ms) == (Outcome.ANSWERED, left_ms)


def test_an_end_that_nobody_saw_is_the_last_proof_of_life() -> None:
    driver = Driver()
    driver.through()
    driver.talk()
    driver.now_ms += 60_000
    driver.timer("net")
    alive_ms = driver.now_ms
    driver.now_ms += 600_000
    driver.adopt(LegFacts("c1", False), LegFacts(driver.call.leg, False))
    assert driver.finish().ended_ms == alive_ms


def test_a_joining_that_nobody_lived_to_hear_is_a_conversation() -> None:
    driver = Driver()
    driver.through()
    driver.take(e.LegAnswered, leg=driver.call.leg)
    leg, at_ms = driver.call.leg, driver.now_ms
    driver.adopt(
        LegFacts("c1", False, True, joined_ms=at_ms, left_ms=at_ms + 7_000),
        LegFacts(leg, False, True, joined_ms=at_ms + 5, left_ms=at_ms + 7_000),
    )
    kept = driver.finish()
    assert (kept.outcome, kept.joined_ms, kept.talk_ms) == (Outcome.ANSWERED, at_ms + 5, 6_995)


def test_what_rings_on_rings_on_and_what_is_to_be_kept_is_kept() -> None:
    driver = Driver(CANADIAN)
    driver.find(found())
    driver.adopt(stands("c1"))
    assert driver.of(a.IndicateRinging)
    driver.hang_up()
    driver.adopt(LegFacts("c1", False))
    assert driver.finish().outcome is Outcome.NOT_LET_THROUGH
    lost = Driver()
    lost.through()
    lost.adopt(LegFacts("c1", False), LegFacts(lost.call.leg, False))
    assert lost.finish().outcome is Outcome.ABANDONED
    unknown = Driver()
    unknown.adopt(LegFacts("c1", False))
    assert unknown.of(a.FindRoute)
    unknown.find(found())
    assert unknown.finish().outcome is Outcome.ABANDONED
