"""What was heard against what was due, and what the SIP messages hold."""

from collections.abc import Iterable

from engine.core.cdr import CallRecord, Disposition
from tests.rig.sip.legs import Leg
from tests.system.stage.listening import Witness, length_s

CUT_OFF_MS = (0, 100)
WARNING_MS = 150
# A prompt that a machine under load plays with pauses ends later than its beginning tells.
WAIT_MS = 300


def assert_cut_off(record: CallRecord, caller: Witness) -> None:
    """The conversation of a call whose money ended was heard to its paid end, and at most 100 ms
    longer: its length is free and paid seconds."""
    assert record.billing_start is not None
    paid_ms = (record.billing_start.after_s + record.charged_s) * 1000
    _assert_ended(record, caller, caller.talk_ms - paid_ms)


def assert_cut_off_since_announcement(record: CallRecord, caller: Witness, tariff: str) -> None:
    """The same where charging begins with the end of the announcement, its silence included.

    The wait in the record is what was heard, as far as an end of silence can be heard; the
    conversation has what it left of free and paid seconds.
    """
    assert record.billing_start is not None
    (told_ms,) = caller.at_ms(tariff)
    wait_ms = caller.talk_began_ms - told_ms - length_s(tariff) * 1000
    assert abs(wait_ms - record.wait_ms) <= WAIT_MS, (wait_ms, record.wait_ms)
    paid_ms = (record.billing_start.after_s + record.charged_s) * 1000 - record.wait_ms
    _assert_ended(record, caller, caller.talk_ms - paid_ms)


def _assert_ended(record: CallRecord, caller: Witness, error_ms: float) -> None:
    assert record.disposition is Disposition.MONEY_ENDED
    assert CUT_OFF_MS[0] <= error_ms <= CUT_OFF_MS[1], (error_ms, caller.recording.path)


def assert_warned(witness: Witness, key: str, *due_ms: float) -> None:
    """A prompt was heard so often as it was due (wall clock), to 150 ms each time."""
    began_ms = witness.at_ms(key)
    errors = [at - due for at, due in zip(began_ms, due_ms, strict=True)]
    assert all(abs(error) <= WARNING_MS for error in errors), (errors, witness.recording.path)


def assert_told(heard: Iterable[str], *names: str) -> None:
    """Prompts of these names were heard in this order, whatever their values."""
    assert [key.split("-")[0] for key in heard] == list(names)


def numbers_in(leg: Leg, e164: str) -> list[str]:
    """Every SIP message of a leg that holds the number, however it is written."""
    significant = e164.removeprefix("+49")
    return [message.text for message in leg.messages if significant in message.text]
