"""What a verification becomes: by what its call tells, by a code, by the time. Pure.

    queued → calling → waiting → verified | wrong_code | expired
                     → queued (busy, no answer, while calls are left) | failed | rejected

From every state that is not final it may also be cancelled, blocked or expire. Each function gives
the verification itself if nothing changes, so that news told twice change it once.
"""

from dataclasses import dataclass, replace

from engine.core.rating import charge, increments_begun
from engine.core.verification import (
    CallNews,
    CallStep,
    Failure,
    Mode,
    Rejection,
    Status,
    Verification,
)

CALL_LOST_AFTER_MS = 300_000
"""A call that has not told its end for so long is lost; Asterisk ended its leg long before."""

AGAIN = (Failure.BUSY, Failure.NO_ANSWER)
_ORDER = tuple(CallStep)


@dataclass(frozen=True, slots=True)
class Unfit:
    """A wish that a verification cannot follow as it stands now."""

    reason: str


def placed(was: Verification, now_ms: int) -> Verification:
    """Its next call is being placed."""
    return replace(
        was,
        status=Status.CALLING,
        calls=was.calls + 1,
        calls_left=was.calls_left - 1,
        step=None,
        answered_ms=None,
        call_ended_ms=None,
        due_ms=now_ms + CALL_LOST_AFTER_MS,
        version=was.version + 1,
    )


def told(was: Verification, news: CallNews) -> Verification:
    """What it becomes by its call's news; those of an earlier call, or known already, are old."""
    if was.finished or news.call_n != was.calls or _is_known(was, news.step):
        return was
    now = replace(was, step=news.step, version=was.version + 1)
    match news.step:
        case CallStep.ANSWERED:
            return replace(now, answered_ms=news.at_ms)
        case CallStep.KEY_PRESSED if was.mode is Mode.PRESS:
            return _verified(now, news.at_ms)
        case CallStep.KEY_PRESSED:
            return replace(now, code_told=True)
        case CallStep.CODE_SPOKEN:
            return _waiting(now)
        case CallStep.ENDED:
            return _call_over(replace(now, call_ended_ms=news.at_ms), news)
    return now


def _is_known(was: Verification, step: CallStep) -> bool:
    return was.step is not None and _ORDER.index(step) <= _ORDER.index(was.step)


def _call_over(was: Verification, news: CallNews) -> Verification:
    failure = news.failure or Failure.REJECTED
    if was.code_told and was.mode is Mode.SPEAK:
        return _waiting(was)
    was = replace(was, last_failure=failure)
    if failure is Failure.WRONG_NUMBER:
        return _ended(was, Status.REJECTED, Rejection.INVALID, news.at_ms)
    retry_ms = news.at_ms + was.retry_after_s * 1000
    if failure in AGAIN and was.calls_left > 0 and retry_ms < was.expires_ms:
        return replace(was, status=Status.QUEUED, due_ms=retry_ms)
    return _ended(was, Status.FAILED, failure, news.at_ms)


def _waiting(was: Verification) -> Verification:
    return replace(was, status=Status.WAITING, due_ms=was.expires_ms)


def checked(was: Verification, fits: bool, by: Mode, now_ms: int) -> Verification | Unfit:
    """What it becomes by a code that fits or does not.

    A spoken code comes from the form (`by` SPEAK), a shown one from the call (KEYPAD): what the
    form itself knows proves nothing there.
    """
    if was.finished:
        return Unfit(was.status)
    if by is not was.mode:
        return Unfit("other_mode")
    if now_ms >= was.expires_ms:
        return expired(was, now_ms)
    if not was.code_told:
        return Unfit("no_code_yet")
    now = replace(was, version=was.version + 1)
    if fits:
        return _verified(now, now_ms)
    left = was.tries_left - 1
    now = replace(now, tries_left=left)
    return now if left > 0 else _ended(now, Status.WRONG_CODE, "", now_ms)


def again(was: Verification, now_ms: int) -> Verification | Unfit:
    """The person wants to be called once more, with the same code, now."""
    if was.finished:
        return Unfit(was.status)
    if was.step is not CallStep.ENDED:
        return Unfit("call_under_way")
    if was.calls_left < 1:
        return Unfit("no_calls_left")
    return replace(was, status=Status.QUEUED, due_ms=now_ms, version=was.version + 1)


def overdue(was: Verification, now_ms: int) -> Verification:
    """What the time makes of one that is due, unless it is to be called now."""
    if now_ms >= was.expires_ms and was.status is not Status.CALLING:
        return expired(was, now_ms)
    if was.status is Status.CALLING and was.due_ms is not None and now_ms >= was.due_ms:
        return _ended(_next(was), Status.FAILED, Failure.NETWORK, now_ms)
    return was


def expired(was: Verification, now_ms: int) -> Verification:
    """Its life is over. What the last call came to says more than that time has passed."""
    if was.status is Status.QUEUED and was.last_failure is not None:
        return _ended(_next(was), Status.FAILED, was.last_failure, now_ms)
    return _ended(_next(was), Status.EXPIRED, "", now_ms)


def blocked(was: Verification, limit: str, now_ms: int) -> Verification:
    """A limit against fraud forbids its next call."""
    return _ended(_next(was), Status.BLOCKED, limit, now_ms)


def rejected(was: Verification, kind: Rejection, now_ms: int) -> Verification:
    """Its number must not be called."""
    return _ended(_next(was), Status.REJECTED, kind, now_ms)


def cancelled(was: Verification, now_ms: int) -> Verification | Unfit:
    """Whoever asked for it wants it no more."""
    if was.finished:
        return Unfit(was.status)
    return _ended(_next(was), Status.CANCELLED, "", now_ms)


def _next(was: Verification) -> Verification:
    return replace(was, version=was.version + 1)


def _ended(was: Verification, status: Status, reason: str, at_ms: int) -> Verification:
    return replace(was, status=status, reason=str(reason), due_ms=None, ended_ms=at_ms)


def _verified(was: Verification, at_ms: int) -> Verification:
    """Proved: the only end that is charged, by the length of the call that proved it; a test is
    free."""
    ended_ms = was.call_ended_ms or at_ms
    talked_ms = ended_ms - (was.answered_ms or ended_ms)
    charged = 0 if was.test else charge(was.rate, increments_begun(was.rate, max(1, talked_ms)))
    proved = replace(was, method=was.mode, charge_micros=charged)
    return _ended(proved, Status.VERIFIED, "", at_ms)
