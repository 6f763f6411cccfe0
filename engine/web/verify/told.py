"""How a verification stands, in the words of who is being called."""

from collections.abc import Mapping

from engine.core.inventory import OnInvalid
from engine.core.number import international
from engine.core.verification import CallStep, Mode, Status, Verification
from engine.flows.payments.seals import Purpose
from engine.verification import session
from engine.verification.session import Unfit
from engine.web.verify.door import Guest
from engine.web.verify.wording import Texts

Told = Mapping[str, object]


def told_of(guest: Guest, one: Verification, texts: Texts) -> Told:
    """What the widget shows; `final` says that it will not change again.

    `code` is to be keyed in, `takes_code` says that one was spoken and can be typed.
    """
    key, site = _key(one), guest.site
    again = session.again(one, site.clock.now().wall_ms)
    is_wrong_number = one.status is Status.REJECTED
    return {
        "id": one.verification_id,
        "seal": site.seal.make(Purpose.VERIFY, one.verification_id),
        "status": one.status,
        "reason": one.reason,
        "reference": one.reference,
        "step": one.step,
        "mode": one.mode,
        "final": one.finished,
        "tone": _tone(one),
        "title": texts(f"title_{key}"),
        "text": texts(f"text_{key}"),
        "number": international(one.e164) if one.e164 else "",
        "code": site.verifier.shown_code(one),
        "code_digits": one.code_digits,
        "takes_code": one.mode is Mode.SPEAK and one.code_told and not one.finished,
        "tries_left": one.tries_left,
        "can_call_again": not isinstance(again, Unfit),
        "can_begin_again": _is_unproved(one)
        and not (is_wrong_number and guest.merchant.on_invalid is OnInvalid.END),
        "wrong_number": is_wrong_number,
        "test": one.test,
        "token": site.tokens.make(one),
    }


def _key(one: Verification) -> str:
    """What its title and text are called in the files of texts."""
    match one.status:
        case Status.FAILED | Status.REJECTED:
            return f"{one.status}_{one.reason}"
        case Status.QUEUED if one.last_failure is not None and one.step is CallStep.ENDED:
            return f"queued_{one.last_failure}"
        case Status.QUEUED:
            return "dialing"
        case Status.CALLING:
            return _key_of_call(one)
    return one.status.value


def _key_of_call(one: Verification) -> str:
    if one.step is CallStep.KEY_PRESSED:
        return f"pressed_{one.mode}"
    return (one.step or CallStep.DIALING).value


def _tone(one: Verification) -> str:
    if not one.finished:
        return "waiting"
    return "good" if one.status is Status.VERIFIED else "bad"


def _is_unproved(one: Verification) -> bool:
    return one.finished and one.status is not Status.VERIFIED
