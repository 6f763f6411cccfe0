"""Call records."""

from dataclasses import replace

from engine.core.cdr import Disposition, Refusal
from tests.web.console.house import MASTERS, OTHERS, House, Row
from tests.web.console.money.business import account, call, euros, refused, settle_call

ONE = "/console/evn/{call_id}"
READERS = f"{MASTERS} manager auditor"

ROWS = {
    ("GET", "/console/evn"): Row(READERS),
    ("GET", "/console/evn/export.csv"): Row(READERS),
    ("GET", "/console/evn/export.pdf"): Row(READERS),
    ("GET", "/console/evn/month.csv"): Row(READERS),
    ("GET", ONE): Row(READERS),
    ("GET", f"{ONE}/proof.json"): Row(READERS),
    ("GET", f"{ONE}/proof.pdf"): Row(READERS),
    ("POST", f"{ONE}/reveal"): Row(f"{MASTERS} manager", {"reason": "complaint"}),
}


async def seed(house: House) -> None:
    """A call here, some refused ones, and a call elsewhere."""
    ours = await account(house, "+4915228817111", euros(30), key="evn")
    long = replace(
        call(house, "1796083400.7", ours, 7),
        e164="+4915228817111",
        disposition=Disposition.MONEY_ENDED,
    )
    await settle_call(house, long)
    house.own["call_id"] = long.call_id
    for n, reason in enumerate((Refusal.CLOSED, Refusal.PIN_WRONG, Refusal.CALLER_BLOCKED)):
        await settle_call(house, refused(house, f"1796083500.{n}", reason))
    theirs = refused(house, "1796083600.1", Refusal.CLOSED)
    await settle_call(house, replace(theirs, organisation=OTHERS, profile="bolt-eur"))
    house.foreign["call_id"] = theirs.call_id
