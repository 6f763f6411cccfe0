"""The log of forwarded calls as CSV: the proof that a number could be reached.

A caller's number was cut by three digits when the call was kept, a withheld one is left out.
"""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.core.diversion.record import ForwardedCall
from engine.core.money import format_shortest
from engine.flows.diversion.routing import Routing
from engine.flows.evn.register import CUT_SHORT, LINES_MOST
from engine.ports.diversion import ForwardedFilter

FIELDS = (
    *("call_id", "arrived", "number", "caller", "caller_class", "outcome", "target", "talk_s"),
    *("cap", "cost", "currency"),
)
PAGE_MOST = 500


async def csv_lines(
    routing: Routing, wanted: ForwardedFilter, zone: ZoneInfo
) -> AsyncIterator[str]:
    """The calls that are wanted as lines of CSV (RFC 4180) with a heading, newest first, one page
    of the books after the other; times are local."""
    yield _line(FIELDS)
    wanted, count = replace(wanted, most=PAGE_MOST), 0
    while page := await routing.calls(wanted):
        if count >= LINES_MOST:
            yield _line([CUT_SHORT])
            return
        for call in page:
            yield _line(_cells(call, zone))
        count += len(page)
        wanted = replace(wanted, before=page[-1].call_id)


def _cells(call: ForwardedCall, zone: ZoneInfo) -> Sequence[str]:
    arrived = datetime.fromtimestamp(call.arrived_ms // 1000, zone)
    return (
        call.call_id,
        arrived.isoformat(),
        call.number,
        call.caller or "",
        call.caller_class.value,
        call.outcome.value if call.outcome else "",
        call.target or "",
        str(call.talk_ms // 1000),
        call.cap.value if call.cap else "",
        format_shortest(call.cost_micros) if call.currency else "",
        call.currency,
    )


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
