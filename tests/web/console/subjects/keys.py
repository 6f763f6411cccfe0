"""API keys."""

from engine.ports.operators import Scope
from tests.web.console.house import MASTERS, OTHERS, READERS, House, Row
from tests.web.site import ORGANISATION

ROWS = {
    ("GET", "/console/keys"): Row(READERS),
    ("GET", "/console/keys/new"): Row(MASTERS),
    ("POST", "/console/keys/new"): Row(MASTERS, {"name": "shop", "scope-orders:read": "on"}),
    ("POST", "/console/keys/{key_id}/revoke"): Row(MASTERS),
}


async def seed(house: House) -> None:
    """Keys here, one of them revoked, and one elsewhere."""
    keys = house.bench.site.keys
    old = await keys.create(ORGANISATION, "Altes Webshop-Plugin", [Scope.ORDERS_READ])
    await keys.revoke(old.key.key_id)
    made = await keys.create(ORGANISATION, "Webshop", [Scope.ACCOUNTS_READ, Scope.MONEY_WRITE])
    house.own["key_id"] = made.key.key_id
    others = await keys.create(OTHERS, "Bolt-Lager", [Scope.ORDERS_READ])
    house.foreign["key_id"] = others.key.key_id
