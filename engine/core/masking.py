"""What of a caller's number anybody may see: the one place that pages, answers and files ask.

A withheld number is shown to nobody, whatever his rights (§ 15 TDDDG). Any other lacks its last
three digits (§ 11 TDDDG), unless whoever looks may reveal it, which is his door's to decide.
"""

from dataclasses import replace

from engine.core.cdr import CallRecord
from engine.core.number import mask


def shown(e164: str | None, *, withheld: bool, revealed: bool = False) -> str | None:
    """The number as it may be shown; None for a withheld one, and for none at all."""
    if withheld or not e164:
        return None
    return e164 if revealed else mask(e164)


def shown_record(record: CallRecord, *, revealed: bool = False) -> CallRecord:
    """The record as it may be shown; the identity as it was received holds the number too, and
    is left out unless that is revealed."""
    number = shown(record.e164, withheld=record.withheld, revealed=revealed)
    received = record.received_identity if revealed and not record.withheld else ""
    return replace(record, e164=number, received_identity=received)
