"""The tracking call, driven event by event."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core import actions as a
from engine.core import events as e
from engine.core.call import Now
from engine.core.diversion.route import Found, Tracking
from engine.core.events import CallArrived, LegFacts, LegFailure
from engine.core.identity import SignalledIdentity
from engine.core.tracked import Outcome, TrackedCall
from engine.diversion.call import State
from engine.diversion.joining import CUT_GRACE_MS
from engine.flows.machines.tracking import TrackingMachine
from engine.tracking import machine
from engine.tracking.call import TrackingCall
from engine.tracking.rules import TALK_MOST_MS
from tests.tracking.cases import (
    CALLER,
    DEALER,
    MOBILE,
    NOW_MS,
    NUMBER,
    SOURCE,
    TRUNK,
    found,
    span,
    target,
    tracking,
)


class Driver:
    """One call, the orders it gave, and an instant that moves on."""

    def __init__(
        self, terms: Tracking | None = None, *, known: Found | None = None, privacy: str = ""
    ) -> None:
        identity = SignalledIdentity(
            asserted=(f"<sip:{CALLER}@network.example>",),
            privacy=privacy,
            from_user="anonymous" if privacy else CALLER,
        )
        arrived = CallArrived(
            at_ms=NOW_MS, leg="c1", did=NUMBER, trunk="carrier", identity=identity
        )
        self.call: TrackingCall = machine.begin(arrived, TRUNK)
        self.now_ms = NOW_MS
        self.orders: list[a.Action] = []
        self.give(arrived)
        self.take(e.RouteFound, found=known or found(terms))

    def give(self, happened: e.Event) -> None:
        assert machine.is_expected(self.call.state, happened)
        self.call, actions = machine.step(self.call, happened, Now(self.now_ms, self.now_ms))
        written = TrackingMachine().encode(self.call)
        nameless = replace(self.call, caller=None, show_number=NUMBER)
        assert TrackingMachine().decode(written) == nameless
        assert CALLER[3:] not in written.decode()
        self.orders += actions

    def take(self, event: type[e.Event], **fields: Any) -> None:
        self.now_ms += 100
        self.give(event(at_ms=self.now_ms, **fields))

    def answer(self) -> None:
        self.take(e.LegAnswered, leg=self.call.leg)

    def join(self) -> None:
        for leg in (self.call.call_id, self.call.leg):
            self.take(e.LegJoined, leg=leg, bridge=self.call.bridge)

    def fail(self, reason: LegFailure) -> None:
        self.take(e.LegFailed, leg=self.call.leg, reason=reason, sip_code=480)

    def heard(self, *, complete: bool = True) -> None:
        self.take(e.PlaybackEnded, playback=self.call.playback, complete=complete)

    def end(self, leg: str) -> None:
        self.take(e.LegEnded, leg=leg)

    def of(self, kind: type[a.Action]) -> list[Any]:
        return [order for order in self.orders if isinstance(order, kind)]

    @property
    def dialled(self) -> list[str]:
        return [order.e164 for order in self.of(a.DialOut)]

    def finish(self) -> tuple[TrackedCall, str | None]:
        """What is told, and the caller it is told of."""
        assert self.call.state is State.KEEPING
        told = self.of(a.KeepTracked)[-1]
        self.take(e.CallSettled)
        assert self.call.finished
        return told.call, told.caller


def test_the_dealer_is_called_and_sees_the_caller() -> None:
    driver = Driver()
    (dial,) = driver.of(a.DialOut)
    assert (dial.e164, dial.show_number) == (DEALER, CALLER)
    driver.answer()
    assert driver.of(a.Play) == []
    driver.join()
    joined_ms = driver.now_ms
    driver.end("c1")
    told, caller = driver.finish()
    assert (told.outcome, told.source, told.target) == (Outcome.ANSWERED, SOURCE, 0)
    assert (told.answered_ms, told.talk_ms, told.timezone) == (joined_ms, 100, "Europe/Berlin")
    assert (told.organisation, told.number, caller) == ("acme", NUMBER, CALLER)


def test_a_withheld_number_is_shown_and_counted_nowhere() -> None:
    driver = Driver(privacy="id")
    (dial,) = driver.of(a.DialOut)
    assert dial.show_number == NUMBER
    driver.end("c1")
    told, caller = driver.finish()
    assert (told.outcome, caller) == (Outcome.ABANDONED, None)
    assert CALLER not in repr(driver.orders)
    seen = TrackingMachine().seen(Driver().call, "e1", None, 0)
    assert CALLER[:-3] not in repr(seen)


def test_who_answers_is_told_the_source_before_he_is_joined() -> None:
    driver = Driver(tracking(whisper=True, lang="en"))
    driver.answer()
    (play,) = driver.of(a.Play)
    assert (play.leg, play.lang) == (driver.call.leg, "en")
    assert [prompt.key() for prompt in play.prompts] == ["whisper_source-Messe"]
    assert driver.of(a.Answer) == []
    driver.heard()
    assert driver.call.state is State.JOINING
    driver.join()
    driver.end(driver.call.leg)
    assert driver.finish()[0].outcome is Outcome.ANSWERED


def test_a_whisper_that_has_no_audio_or_no_end_keeps_nobody_waiting() -> None:
    for end in ("unheard", "late"):
        driver = Driver(tracking(whisper=True))
        driver.answer()
        if end == "unheard":
            driver.heard(complete=False)
        else:
            driver.take(e.TimerFired, name="brief", due_ms=driver.now_ms)
        assert driver.call.state is State.JOINING


def test_a_caller_who_hangs_up_in_the_whisper_has_abandoned_the_call() -> None:
    driver = Driver(tracking(whisper=True))
    driver.answer()
    playback = driver.call.playback
    driver.end("c1")
    told, _ = driver.finish()
    assert (told.outcome, told.answered_ms, told.target) == (Outcome.ABANDONED, None, 0)
    assert [order.playback for order in driver.of(a.StopPlayback)] == [playback]
    assert [order.leg for order in driver.of(a.HangUp)] == [driver.call.leg]


def test_a_dealer_who_hangs_up_in_the_whisper_is_followed_by_the_next() -> None:
    driver = Driver(tracking(target(), target(MOBILE), whisper=True))
    driver.answer()
    driver.end(driver.call.leg)
    assert driver.dialled == [DEALER, MOBILE]
    driver.answer()
    driver.heard()
    driver.join()
    driver.end("c1")
    assert driver.finish()[0].target == 1


@pytest.mark.parametrize(
    ("reasons", "outcome", "told_to_caller"),
    [
        ((LegFailure.BUSY, LegFailure.BUSY), Outcome.BUSY, a.HangUpReason.BUSY),
        ((LegFailure.BUSY, LegFailure.NO_ANSWER), Outcome.FAILED, a.HangUpReason.NO_ANSWER),
        ((LegFailure.NETWORK, LegFailure.REJECTED), Outcome.FAILED, a.HangUpReason.NO_ANSWER),
    ],
)
def test_when_nobody_takes_it_the_caller_is_told_so(
    reasons: tuple[LegFailure, ...], outcome: Outcome, told_to_caller: a.HangUpReason
) -> None:
    driver = Driver(tracking(target(), target(MOBILE)))
    for reason in reasons:
        driver.fail(reason)
    told, _ = driver.finish()
    assert (told.outcome, told.target) == (outcome, 1)
    (gone,) = [order for order in driver.of(a.HangUp) if order.leg == "c1"]
    assert gone.reason is told_to_caller
    assert driver.of(a.Answer) == []


def test_only_targets_on_duty_are_called() -> None:
    # The call arrives on a Friday evening.
    terms = tracking(target(DEALER, span(0, 9, 17)), target(MOBILE, span(6, 0, 24)), target(MOBILE))
    driver = Driver(terms)
    assert driver.dialled == [MOBILE]
    driver.end("c1")
    assert driver.finish()[0].target == 2


@pytest.mark.parametrize(
    "known",
    [
        found(route=None),
        found(loops=True),
        found(tracking(target(DEALER, span(0, 3, 4)))),
    ],
)
def test_without_a_target_the_caller_hears_ringing(known: Found) -> None:
    driver = Driver(known=known)
    assert driver.call.state is State.RINGING_ON
    assert driver.dialled == []
    driver.end("c1")
    told, _ = driver.finish()
    assert (told.outcome, told.target, told.answered_ms) == (Outcome.FAILED, None, None)


def test_a_number_that_nobody_has_is_unallocated() -> None:
    driver = Driver(known=Found())
    assert driver.call.finished
    assert driver.of(a.KeepTracked) == []
    (gone,) = driver.of(a.HangUp)
    assert gone.reason is a.HangUpReason.UNALLOCATED


def test_taken_over_in_the_whisper_it_is_said_again() -> None:
    driver = Driver(tracking(whisper=True))
    driver.answer()
    before = driver.call.playback
    driver.orders.clear()
    legs = (LegFacts("c1", alive=True), LegFacts(driver.call.leg, alive=True, answered=True))
    driver.take(e.CallAdopted, legs=legs, view=None)
    assert [order.playback for order in driver.of(a.StopPlayback)] == [before]
    assert len(driver.of(a.Play)) == 1
    driver.heard()
    assert driver.call.state is State.JOINING


def test_a_target_that_answered_while_no_engine_lived_hears_the_whisper() -> None:
    driver = Driver(tracking(whisper=True))
    legs = (LegFacts("c1", alive=True), LegFacts(driver.call.leg, alive=True, answered=True))
    driver.take(e.CallAdopted, legs=legs, view=None)
    assert driver.call.state is State.BRIEFING


def test_a_conversation_taken_over_has_its_deadlines_set_again() -> None:
    driver = Driver()
    driver.answer()
    driver.join()
    end_ms = driver.now_ms + TALK_MOST_MS + CUT_GRACE_MS
    nets = [a.SetDeadline(leg=leg, at_ms=end_ms) for leg in ("c1", driver.call.leg)]
    assert driver.of(a.SetDeadline)[-2:] == nets
    driver.orders.clear()
    legs = (LegFacts("c1", alive=True), LegFacts(driver.call.leg, alive=True, answered=True))
    driver.take(e.CallAdopted, legs=legs, view=None)
    assert driver.of(a.SetDeadline) == nets
    driver.take(e.OrderFailed, order="SetDeadline", target="c1", reason="away")
    driver.orders.clear()
    driver.take(e.TimerFired, name="nets", due_ms=driver.now_ms)
    assert driver.of(a.SetDeadline) == nets


def test_an_end_that_was_told_is_told_again_and_is_the_same() -> None:
    driver = Driver()
    driver.answer()
    driver.join()
    driver.end("c1")
    told = driver.of(a.KeepTracked)[-1]
    driver.orders.clear()
    driver.now_ms += 60_000
    driver.take(e.CallAdopted, legs=(), view=None)
    assert driver.of(a.KeepTracked) == [told]
