"""A merchant's month, as its organisation takes it from the console."""

from datetime import datetime
from zoneinfo import ZoneInfo

from engine.core.roles import Role
from engine.core.verification import Status
from engine.flows.papers.month import HOME_TIMEZONE
from tests.flows.papers import printed_in
from tests.verification.cases import verification
from tests.web.console.house import House

SHOP = "/console/merchants/shop"
STATEMENT = f"{SHOP}/statement"


async def test_a_month_is_listed_and_handed_over_in_both_forms(house: House) -> None:
    site, owner = house.bench.site, house.people[Role.OWNER]
    now_ms = site.clock.now().wall_ms
    month = f"{datetime.fromtimestamp(now_ms // 1000, ZoneInfo(HOME_TIMEZONE)):%Y-%m}"
    over = {"status": Status.REJECTED, "reason": "foreign", "ended_ms": now_ms}
    await site.reading.verifications.add(verification(**over))
    shown = await (await house.ask("GET", SHOP, owner)).text()
    assert f"{STATEMENT}?month={month}&amp;form=pdf" in shown
    table = await house.ask("GET", f"{STATEMENT}?month={month}&form=csv", owner)
    assert table.headers["Content-Disposition"] == f'attachment; filename="shop-{month}.csv"'
    assert f"shop,{month},rejected,foreign,1,0.00,0.00,EUR" in await table.text()
    document = await house.ask("GET", f"{STATEMENT}?month={month}&form=pdf", owner)
    assert "nicht angerufen (foreign)" in printed_in(await document.read())
    for wrong in ("month=2026-13&form=pdf", f"month={month}&form=doc"):
        assert (await house.ask("GET", f"{STATEMENT}?{wrong}", owner)).status == 422
