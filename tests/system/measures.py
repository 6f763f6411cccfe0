"""What was heard against what was due."""

from engine.core.cdr import CallRecord, Disposition
from tests.system.listening import Witness

CUT_OFF_MS = (0, 100)
WARNING_MS = 150


def assert_cut_off(record: CallRecord, caller: Witness) -> None:
    """The conversation of a call whose money ended was heard to its paid end, and at most 100 ms
    longer: its length is free and paid seconds."""
    assert record.disposition is Disposition.MONEY_ENDED
    assert record.billing_start is not None
    paid_ms = (record.billing_start.after_s + record.charged_s) * 1000
    error_ms = caller.talk_ms - paid_ms
    assert CUT_OFF_MS[0] <= error_ms <= CUT_OFF_MS[1], (error_ms, caller.recording.path)


def assert_warned(witness: Witness, key: str, due_ms: float) -> None:
    """A prompt began when it was due (wall clock), to 150 ms; it was heard once."""
    (at_ms,) = witness.at_ms(key)
    assert abs(at_ms - due_ms) <= WARNING_MS, (at_ms - due_ms, witness.recording.path)
