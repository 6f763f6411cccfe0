"""An agent's own page."""

from dataclasses import replace

from engine.flows.agents import CallerFile
from tests.cli.test_evn import CALL
from tests.web.console.house import MASTERS, OTHERS, House, Row
from tests.web.site import LANDLINE, ORGANISATION, PROFILE

DESK = "/console/desk"
ONE = f"{DESK}/calls/{{case_id}}"
AGENTS = "owner admin agent"

ROWS = {
    ("GET", DESK): Row(AGENTS),
    ("GET", "/console/live/desk"): Row(AGENTS),
    ("POST", f"{DESK}/pause"): Row(AGENTS, {"reason": "break"}),
    ("POST", f"{DESK}/resume"): Row(AGENTS),
    ("GET", ONE): Row(AGENTS, staff=MASTERS),
    ("POST", f"{ONE}/note"): Row(
        AGENTS, {"kind": "note", "text": "Fragt nach dem Wetter"}, staff=MASTERS
    ),
    ("POST", f"{ONE}/block"): Row(AGENTS, {"reason": "beleidigt"}, staff=MASTERS),
}


async def seed(house: House) -> None:
    """A call of the agents here with a note on its caller, and one elsewhere."""
    ledger = house.bench.ledger
    ours = await ledger.open_account(ORGANISATION, PROFILE, LANDLINE, "EUR")
    theirs = await ledger.open_account(OTHERS, f"{OTHERS}-eur", LANDLINE, "EUR")
    call = replace(
        CALL,
        call_id="desk1",
        organisation=ORGANISATION,
        profile=PROFILE,
        account_id=ours.account_id,
        charged_s=0,
        charge_micros=0,
        agents=("a1", "a2", "a3"),
    )
    await ledger.settle(call)
    other = replace(call, call_id="desk2", organisation=OTHERS, profile=f"{OTHERS}-eur")
    await ledger.settle(replace(other, account_id=theirs.account_id, agents=("b1",)))
    file = CallerFile(house.bench.site.callers, house.bench.site.clock, ORGANISATION)
    await file.note(ours.account_id, "a1", "Ruft gern abends an, mag es kurz.")
    house.own["case_id"], house.foreign["case_id"] = "desk1", "desk2"
