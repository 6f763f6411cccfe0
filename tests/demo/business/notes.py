"""What staff know of callers: notes, reports that are open, first calls on a caller list."""

from engine.core.inventory import Inventory
from engine.flows.agents.callers import CallerFile
from engine.flows.clock import SystemClock
from engine.ledger.callers import SqlCallers
from engine.ledger.reading.sql import SqlMarks
from engine.ledger.sql import SqlLedger
from engine.ports.people.callers import NoteKind
from engine.ports.reading.marks import FirstCallMark
from tests.demo.business.books import DAY_MS, NUMBERS
from tests.demo.business.programs import SHOP

TOLD = (
    (NoteKind.NOTE, "Ruft gern abends an, mag es kurz."),
    (NoteKind.REPORT, "Hat mit einer Rückbuchung gedroht."),
    (NoteKind.REPORT, "Fragt immer wieder nach der Privatnummer."),
)
FIRST_CALLS = 40


async def write_notes(ledger: SqlLedger, inventory: Inventory, now_ms: int) -> None:
    """Of the shop's first customers, and of callers of its first service."""
    file = CallerFile(SqlCallers(ledger), SystemClock(), SHOP)
    for n, (kind, text) in enumerate(TOLD):
        account = await ledger.open_account(SHOP, SHOP, NUMBERS[0].format(300 + 4 * n), "EUR")
        await file.note(account.account_id, f"agent@{SHOP}.example", text, kind)
    lists = [one.caller_list for one in inventory.services if one.organisation == SHOP]
    for n in range(FIRST_CALLS):
        mark = FirstCallMark(
            organisation=SHOP,
            caller_list=next(filter(None, lists)),
            e164=NUMBERS[1].format(300 + n),
            call_id=f"demo-{n}",
            at_ms=now_ms - (n + 1) * DAY_MS,
        )
        await SqlMarks(ledger).mark(mark)
