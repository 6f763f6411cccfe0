"""The audit log."""

from engine.ports.audit import Act
from tests.web.console.house import OTHERS, READERS, House, Row
from tests.web.site import ORGANISATION

ROWS = {("GET", "/console/audit"): Row(READERS)}


async def seed(house: House) -> None:
    """Acts here and elsewhere, one of them interrupted."""
    audit, now_ms = house.bench.site.audit, house.bench.site.clock.now().wall_ms
    acts = (
        ("a1", ORGANISATION, "admin@sternlicht.example", "users.lock", "done"),
        ("a2", OTHERS, "owner@bolt.example", "keys.add", "done"),
        ("a3", ORGANISATION, "", "sign_in.password", "refused"),
        ("a4", ORGANISATION, "owner@sternlicht.example", "users.set_role", ""),
    )
    for minutes, (act_id, organisation, author, action, outcome) in enumerate(reversed(acts)):
        act = Act(
            act_id=act_id,
            at_ms=now_ms - minutes * 60_000,
            organisation=organisation,
            author=author,
            address="203.0.113.9",
            action=action,
            target="users/3f9c2a71be04d856",
        )
        await audit.begin(act)
        if outcome:
            await audit.end(act_id, outcome, {"user": "grace@sternlicht.example"})
