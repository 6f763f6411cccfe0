"""What of a caller's number anybody may see: the one place that pages, answers and files ask.

A withheld number is shown to nobody, whatever his rights (§ 15 TDDDG). Any other lacks its last
three digits (§ 11 TDDDG), unless whoever looks may reveal it, which is his door's to decide.
"""

import re
from dataclasses import replace
from urllib.parse import unquote

from engine.core.cdr import CallRecord
from engine.core.number import mask

_DIALLED = re.compile(r"\d(?:[ ()./-]*\d){3,}")
"""Four digits or more, with what people and RFC 3966 write between them."""
_LAST_THREE = re.compile(r"\d(?=(?:\D*\d){0,2}\D*$)")


def shown(e164: str | None, *, withheld: bool, revealed: bool = False) -> str | None:
    """The number as it may be shown; None for a withheld one, and for none at all."""
    if withheld or not e164:
        return None
    return e164 if revealed else mask(e164)


def shown_record(record: CallRecord, *, revealed: bool = False) -> CallRecord:
    """The record as it may be shown; the identity as it was received holds the number too."""
    number = shown(record.e164, withheld=record.withheld, revealed=revealed)
    return replace(record, e164=number, received_identity=shown_identity(record, revealed=revealed))


def shown_identity(record: CallRecord, *, revealed: bool = False) -> str:
    """What the signalling said of the caller, as it may be shown: every number in it lacks its last
    three digits unless it is revealed; nothing at all of one who withheld his number."""
    if record.withheld:
        return ""
    if revealed:
        return record.received_identity
    # A URI may write any sign as `%` and two digits (RFC 3986, 2.1).
    return _DIALLED.sub(lambda found: _masked(found[0]), unquote(record.received_identity))


def _masked(written: str) -> str:
    return _LAST_THREE.sub("x", written)
