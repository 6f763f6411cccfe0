"""The verification call, driven event by event."""

from typing import Any

import msgspec
import pytest

from engine.core import actions as a
from engine.core import events as e
from engine.core.call import Now
from engine.core.verification import CallStep, Failure, Mode
from engine.flows.machines import VerificationMachine
from engine.verification import machine, proving
from engine.verification.call import State, VerificationCall
from tests.verification.cases import MOBILE, NOW_MS, OWN, call


class Driver:
    """One call, the orders it gave, and an instant that moves on."""

    def __init__(self, mode: Mode = Mode.SPEAK) -> None:
        self.call: VerificationCall = call(mode)
        self.now_ms = NOW_MS
        self.orders: list[a.Action] = []
        self.take(e.CallWanted)

    def take(self, event: type[e.Event], **fields: Any) -> tuple[a.Action, ...]:
        self.now_ms += 100
        happened = event(at_ms=self.now_ms, **fields)
        assert machine.is_expected(self.call.state, happened)
        self.call, actions = machine.step(self.call, happened, Now(self.now_ms, self.now_ms))
        assert msgspec.json.decode(msgspec.json.encode(self.call), type=VerificationCall)
        self.orders += actions
        return actions

    def answer(self) -> None:
        self.take(e.LegRinging, leg=self.call.leg)
        self.take(e.LegAnswered, leg=self.call.leg)

    def press(self, *digits: str) -> None:
        for digit in digits:
            self.take(e.DigitPressed, leg=self.call.leg, digit=digit)

    def heard(self) -> None:
        self.take(e.PlaybackEnded, playback=self.call.playback, complete=True)

    def timer(self, name: str) -> None:
        self.take(e.TimerFired, name=name, due_ms=self.now_ms)

    def end_leg(self) -> None:
        self.take(e.LegEnded, leg=self.call.leg)

    def told(self, step: CallStep, *, over: bool = False, verified: bool = False) -> None:
        self.take(e.VerificationTold, step=step, over=over, verified=verified)

    def finish(self) -> Failure | None:
        """Let the leg end and the verification know; why nothing was proved."""
        if self.call.state is State.LEAVING:
            self.end_leg()
        news = self.news[-1]
        assert news.step is CallStep.ENDED
        self.told(CallStep.ENDED)
        assert self.call.finished
        return news.failure

    @property
    def news(self) -> list[Any]:
        return [order.news for order in self.orders if isinstance(order, a.TellVerification)]

    @property
    def said(self) -> list[str]:
        plays = [order for order in self.orders if isinstance(order, a.Play)]
        return [prompt.key() for play in plays for prompt in play.prompts]


def test_a_code_is_spoken_twice_in_groups_after_a_key() -> None:
    driver = Driver()
    (dial,) = [order for order in driver.orders if isinstance(order, a.DialOut)]
    assert (dial.e164, dial.show_number, dial.trunk) == (MOBILE, OWN, "carrier")
    driver.answer()
    driver.press("1")
    driver.take(e.CodeDrawn, code="471189")
    digits = [
        *("code_digit-n4", "code_digit-n7", "code_digit-n1"),
        *("code_digit-n1", "code_digit-n8", "code_digit-n9"),
    ]
    said = [key for key in driver.said if key != "code_pause"]
    assert said[2:] == ["code_is", *digits, "code_again", *digits, "verify_goodbye"]
    pauses = [prompt == proving.PAUSE for prompt in proving.spoken("4711")]
    assert pauses == [0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1]
    driver.heard()
    assert driver.finish() is None
    assert [news.step for news in driver.news] == list(CallStep)


def test_no_code_before_the_key() -> None:
    driver = Driver()
    driver.answer()
    for _ in range(2):
        driver.heard()
        driver.timer("key")
    assert driver.finish() is Failure.MACHINE
    assert not [order for order in driver.orders if isinstance(order, a.DrawCode)]


def test_no_other_key_counts() -> None:
    driver = Driver()
    driver.answer()
    driver.press("2", "#", "0")
    assert driver.call.state is State.ASKING


def test_the_code_is_never_written_down() -> None:
    driver = Driver()
    driver.answer()
    driver.press("1")
    driver.take(e.CodeDrawn, code="471189")
    assert driver.call.code == ""
    keyed = Driver(Mode.KEYPAD)
    keyed.answer()
    keyed.press("1", "4", "7", "1", "1", "8")
    assert b"47118" not in VerificationMachine().encode(keyed.call)
    shown = [p.shown for o in driver.orders if isinstance(o, a.Play) for p in o.prompts]
    assert {name for name in shown if "digit" in name} == {"code_digit"}


def test_a_keyed_code_is_checked_and_may_be_tried_again() -> None:
    driver = Driver(Mode.KEYPAD)
    driver.answer()
    driver.press("1")
    driver.heard()
    driver.press("1", "2", "#", *"471188")
    assert [o.code for o in driver.orders if isinstance(o, a.CheckCode)] == ["471188"]
    driver.take(e.CodeChecked, fits=False, tries_left=2)
    assert driver.said[-2:] == ["code_wrong", "enter_code"]
    driver.press(*"471189")
    driver.take(e.CodeChecked, fits=True, tries_left=2)
    assert driver.said[-2:] == ["number_verified", "verify_goodbye"]
    driver.heard()
    assert driver.finish() is None


def test_too_many_wrong_codes_end_the_call() -> None:
    driver = Driver(Mode.KEYPAD)
    driver.answer()
    driver.press("1", *"000000")
    driver.take(e.CodeChecked, fits=False, tries_left=0)
    driver.heard()
    assert driver.finish() is Failure.REJECTED


def test_a_silent_keypad_ends_the_call() -> None:
    driver = Driver(Mode.KEYPAD)
    driver.answer()
    driver.press("1")
    driver.heard()
    driver.timer("keypad")
    assert driver.finish() is Failure.REJECTED


def test_one_key_is_confirmed_when_the_verification_knows() -> None:
    driver = Driver(Mode.PRESS)
    driver.answer()
    driver.press("1")
    driver.told(CallStep.ANSWERED)
    assert driver.call.state is State.CHECKING
    driver.told(CallStep.KEY_PRESSED, over=True, verified=True)
    driver.heard()
    assert driver.finish() is None
    assert "verify_confirm" in driver.said
    assert "number_verified" in driver.said


@pytest.mark.parametrize("reason", list(e.LegFailure))
def test_why_nobody_answered_is_told(reason: e.LegFailure) -> None:
    driver = Driver()
    driver.take(e.LegRinging, leg=driver.call.leg)
    driver.take(e.LegFailed, leg=driver.call.leg, reason=reason)
    assert driver.finish() == reason.value


def test_every_way_the_line_may_break() -> None:
    undialled = Driver()
    undialled.take(e.OrderFailed, order="DialOut", target=undialled.call.leg, reason="no trunk")
    assert undialled.finish() is Failure.NETWORK
    endless = Driver()
    endless.timer("ring")
    assert endless.finish() is Failure.NO_ANSWER
    for mode in Mode:
        refused = Driver(mode)
        refused.answer()
        refused.end_leg()
        assert refused.finish() is Failure.REJECTED
    dumb = Driver()
    dumb.answer()
    dumb.take(e.PlaybackEnded, playback=dumb.call.playback, complete=False)
    dumb.timer("unheard")
    assert dumb.finish() is Failure.NETWORK
    bookless = Driver()
    bookless.answer()
    bookless.press("1")
    bookless.take(e.MoneyUnreachable, order="DrawCode")
    assert bookless.said[-2:] == ["fault", "verify_goodbye"]
    bookless.heard()
    assert bookless.finish() is Failure.NETWORK
    stuck = Driver()
    stuck.timer("limit")
    stuck.timer("linger")
    assert stuck.call.state is State.REPORTING


def test_what_is_over_asks_nothing_more() -> None:
    driver = Driver()
    driver.answer()
    driver.told(CallStep.ANSWERED, over=True)
    assert driver.call.state is State.LEAVING
    cancelled = Driver()
    cancelled.take(e.EndOrdered, reason="cancelled")
    assert any(isinstance(order, a.HangUp) for order in cancelled.orders)


@pytest.mark.parametrize("standing", [True, False])
def test_a_call_not_answered_ends_when_its_engine_dies(standing: bool) -> None:
    driver = Driver()
    leg = e.LegFacts(driver.call.leg, alive=standing)
    driver.take(e.CallAdopted, legs=(leg,), view=None)
    assert driver.finish() is Failure.NETWORK


def test_taken_over_it_asks_again_and_speaks_the_code_anew() -> None:
    driver = Driver()
    driver.answer()
    leg = e.LegFacts(driver.call.leg, alive=True, answered=True)
    driver.take(e.CallAdopted, legs=(leg,), view=None)
    assert driver.said.count("verify_press") == 2
    driver.press("1")
    driver.take(e.CodeDrawn, code="471189")
    driver.take(e.CallAdopted, legs=(leg,), view=None)
    assert driver.call.state is State.DRAWING
    assert sum(isinstance(order, a.DrawCode) for order in driver.orders) == 2
    driver.take(e.CodeDrawn, code="471189")
    driver.heard()
    assert driver.finish() is None


def test_taken_over_at_its_end_it_tells_so_once_more() -> None:
    driver = Driver()
    driver.take(e.LegFailed, leg=driver.call.leg, reason=e.LegFailure.BUSY)
    driver.take(e.CallAdopted, legs=(), view=None)
    assert [news.failure for news in driver.news if news.step is CallStep.ENDED] == [
        Failure.BUSY,
        Failure.BUSY,
    ]
    assert driver.finish() is Failure.BUSY
