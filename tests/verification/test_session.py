"""What a verification becomes, row by row."""

from dataclasses import replace

import pytest

from engine.core.verification import CallNews, CallStep, Failure, Mode, Status, Verification
from engine.verification import session
from engine.verification.session import Unfit
from tests.verification.cases import FIFTEEN_CENTS, NOW_MS, rate, verification


def calling(**changes: object) -> Verification:
    return session.placed(verification(**changes), NOW_MS)


def told(
    was: Verification, step: CallStep, failure: Failure | None = None, after_ms: int = 0
) -> Verification:
    return session.told(
        was,
        CallNews(
            verification_id=was.verification_id,
            call_n=was.calls,
            step=step,
            at_ms=NOW_MS + after_ms,
            failure=failure,
        ),
    )


def spoken(**changes: object) -> Verification:
    """The code has been spoken."""
    now = calling(**changes)
    for after_ms, step in enumerate(
        (CallStep.DIALING, CallStep.RINGING, CallStep.ANSWERED, CallStep.KEY_PRESSED), 1
    ):
        now = told(now, step, after_ms=after_ms * 1_000)
    return told(now, CallStep.CODE_SPOKEN, after_ms=20_000)


def test_a_spoken_code_proves_the_number_and_is_charged_once() -> None:
    was = told(spoken(), CallStep.ENDED, after_ms=21_000)
    assert was.status is Status.WAITING
    assert was.charge_micros == 0
    proved = session.checked(was, True, Mode.SPEAK, NOW_MS + 30_000)
    assert isinstance(proved, Verification)
    assert (proved.status, proved.method) == (Status.VERIFIED, Mode.SPEAK)
    assert proved.charge_micros == FIFTEEN_CENTS
    assert proved.due_ms is None
    assert session.checked(proved, True, Mode.SPEAK, NOW_MS + 31_000) == Unfit("verified")
    assert told(proved, CallStep.ENDED, Failure.NETWORK) is proved


def test_a_minute_price_counts_the_call_that_proved_it() -> None:
    was = told(spoken(rate=rate(0, 60_000)), CallStep.ENDED, after_ms=3_000 + 61_000)
    proved = session.checked(was, True, Mode.SPEAK, NOW_MS + 500_000)
    assert isinstance(proved, Verification)
    assert proved.charge_micros == 120_000


def test_wrong_codes_end_it_after_so_many() -> None:
    was = spoken()
    for left in (2, 1):
        became = session.checked(was, False, Mode.SPEAK, NOW_MS)
        assert isinstance(became, Verification)
        was = became
        assert (was.tries_left, was.finished) == (left, False)
    ended = session.checked(was, False, Mode.SPEAK, NOW_MS)
    assert isinstance(ended, Verification)
    assert ended.status is Status.WRONG_CODE
    assert ended.charge_micros == 0


def test_no_code_is_compared_before_it_was_told_nor_one_the_form_knows() -> None:
    assert session.checked(calling(), True, Mode.SPEAK, NOW_MS) == Unfit("no_code_yet")
    keyed = spoken(mode=Mode.KEYPAD)
    assert session.checked(keyed, True, Mode.SPEAK, NOW_MS) == Unfit("other_mode")
    assert isinstance(session.checked(keyed, True, Mode.KEYPAD, NOW_MS), Verification)


def test_one_key_proves_it_only_where_that_is_all() -> None:
    asked = told(calling(mode=Mode.PRESS), CallStep.ANSWERED)
    assert told(asked, CallStep.KEY_PRESSED).status is Status.VERIFIED
    assert told(told(calling(), CallStep.ANSWERED), CallStep.KEY_PRESSED).status is Status.CALLING


@pytest.mark.parametrize("failure", [Failure.BUSY, Failure.NO_ANSWER])
def test_it_rings_again_while_calls_are_left(failure: Failure) -> None:
    was = calling()
    for _ in range(2):
        was = told(was, CallStep.ENDED, failure)
        assert (was.status, was.due_ms) == (Status.QUEUED, NOW_MS + 90_000)
        was = session.placed(was, NOW_MS)
    ended = told(was, CallStep.ENDED, failure)
    assert (ended.status, ended.reason, ended.calls) == (Status.FAILED, failure, 3)


@pytest.mark.parametrize(
    ("failure", "status", "reason"),
    [
        (Failure.WRONG_NUMBER, Status.REJECTED, "invalid"),
        (Failure.REJECTED, Status.FAILED, "rejected"),
        (Failure.UNREACHABLE, Status.FAILED, "unreachable"),
        (Failure.MACHINE, Status.FAILED, "machine"),
        (Failure.NETWORK, Status.FAILED, "network"),
        (None, Status.FAILED, "rejected"),
    ],
)
def test_other_failures_are_the_end(failure: Failure | None, status: Status, reason: str) -> None:
    ended = told(calling(), CallStep.ENDED, failure)
    assert (ended.status, ended.reason, ended.charge_micros) == (status, reason, 0)


def test_no_call_begins_after_its_life() -> None:
    was = calling(expires_ms=NOW_MS + 80_000)
    assert told(was, CallStep.ENDED, Failure.BUSY).status is Status.FAILED


def test_hung_up_while_the_code_was_spoken_it_may_still_be_typed() -> None:
    was = told(calling(), CallStep.KEY_PRESSED)
    hung_up = told(was, CallStep.ENDED, Failure.REJECTED)
    assert hung_up.status is Status.WAITING
    assert isinstance(session.checked(hung_up, True, Mode.SPEAK, NOW_MS), Verification)


def test_called_again_the_code_stays_good() -> None:
    waiting = told(spoken(), CallStep.ENDED)
    queued = session.again(waiting, NOW_MS)
    assert isinstance(queued, Verification)
    second = session.placed(queued, NOW_MS)
    assert (second.calls, second.code_told) == (2, True)
    assert told(second, CallStep.ENDED, Failure.BUSY).status is Status.WAITING
    assert session.again(second, NOW_MS) == Unfit("call_under_way")
    assert session.again(spoken(), NOW_MS) == Unfit("call_under_way")
    spent = replace(waiting, calls_left=0)
    assert session.again(spent, NOW_MS) == Unfit("no_calls_left")


def test_old_and_doubled_news_change_nothing() -> None:
    first = told(calling(), CallStep.ENDED, Failure.BUSY)
    second = session.placed(first, NOW_MS)
    late = CallNews(
        verification_id="v1", call_n=1, step=CallStep.ENDED, at_ms=NOW_MS, failure=Failure.MACHINE
    )
    assert session.told(second, late) is second
    ringing = told(second, CallStep.RINGING)
    assert told(ringing, CallStep.RINGING) is ringing
    assert told(ringing, CallStep.DIALING) is ringing


def test_time_ends_it() -> None:
    late_ms = NOW_MS + 600_000
    waiting = told(spoken(), CallStep.ENDED)
    assert session.overdue(waiting, late_ms - 1) is waiting
    assert session.overdue(waiting, late_ms).status is Status.EXPIRED
    busy = told(calling(), CallStep.ENDED, Failure.BUSY)
    assert session.overdue(busy, late_ms).reason == "busy"
    lost = session.overdue(calling(), NOW_MS + session.CALL_LOST_AFTER_MS)
    assert (lost.status, lost.reason) == (Status.FAILED, "network")


def test_cancelled_it_is_over() -> None:
    over = session.cancelled(calling(), NOW_MS)
    assert isinstance(over, Verification)
    assert over.status is Status.CANCELLED
    assert session.cancelled(over, NOW_MS) == Unfit("cancelled")
    assert told(over, CallStep.ANSWERED) is over
