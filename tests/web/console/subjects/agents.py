"""Agents and hunt groups."""

from engine.ports.store import PauseReason
from tests.web.console.house import House, Row

AGENTS = "/console/agents"
ROWS = {
    ("GET", AGENTS): Row("owner admin manager auditor"),
    ("GET", "/console/live/agents"): Row("owner admin manager auditor"),
    ("POST", f"{AGENTS}/{{agent}}/pause"): Row("owner admin manager", {"reason": "break"}),
    ("POST", f"{AGENTS}/{{agent}}/resume"): Row("owner admin manager"),
}


async def seed(house: House) -> None:
    """Agents are in the operator's files."""
    house.own["agent"], house.foreign["agent"] = "a1", "b1"


async def revive(house: House) -> None:
    """One of them pauses."""
    await house.bench.store.set_pause("a3", PauseReason.OTHER_WORK)
