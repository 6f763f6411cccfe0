"""What a call's page says of the identity that was received, and what it never says."""

from dataclasses import replace

import pytest

from engine.core.roles import Role
from engine.ports.audit import ActFilter
from tests.web.console.house import House
from tests.web.console.money.business import call, settle_call
from tests.web.site import LANDLINE, MOBILE

HEADER = f"sip:{LANDLINE}@north.example"
MASKED = f"sip:{LANDLINE[:-3]}xxx@north.example"


async def _shown(house: House, path: str, role: Role, form: dict[str, str] | None = None) -> str:
    method = "GET" if form is None else "POST"
    answer = await house.ask(method, path, house.people[role], form)
    assert answer.status == 200
    return await answer.text()


async def test_the_identity_received_is_told_cut_and_revealed_by_right(house: House) -> None:
    record = replace(call(house, "received-1", None), charged_s=0, charge_micros=0)
    await settle_call(house, record)
    path = "/console/evn/received-1"
    page = await _shown(house, path, Role.AUDITOR)
    assert MASKED in page
    assert LANDLINE not in page
    for fact in ("P-Asserted-Identity, vom Netz bestätigt", "<dd>north</dd>", f"<dd>{record.did}"):
        assert fact in page
    refused = await house.ask(
        "POST", f"{path}/reveal", house.people[Role.AUDITOR], {"reason": "complaint"}
    )
    assert refused.status == 403
    revealed = await _shown(house, f"{path}/reveal", Role.MANAGER, {"reason": "complaint"})
    assert HEADER in revealed
    (line,) = await house.bench.site.audit.lines(ActFilter(organisation="acme", most=1))
    assert (line.act.action, line.detail["reason"]) == ("evn.reveal", "complaint")
    proof = await (await house.ask("GET", f"{path}/proof.json", house.people[Role.OWNER])).text()
    assert MASKED in proof
    assert LANDLINE not in proof


@pytest.mark.parametrize("verified", [True, False])
async def test_of_a_withheld_number_nothing_is_told(house: House, verified: bool) -> None:
    record = replace(
        call(house, "received-2", None),
        charged_s=0,
        charge_micros=0,
        e164=MOBILE,
        received_identity=f"<sip:{MOBILE}@north.example>",
        withheld=True,
        verified=verified,
    )
    await settle_call(house, record)
    path = "/console/evn/received-2"
    pages = [
        await _shown(house, path, Role.OWNER),
        await _shown(house, f"{path}/reveal", Role.OWNER, {"reason": "complaint"}),
        await (await house.ask("GET", f"{path}/proof.json", house.people[Role.OWNER])).text(),
    ]
    for page in pages:
        assert MOBILE[:-3] not in page
        assert "north.example" not in page
    assert ("vom Netz bestätigt" in pages[0]) == verified


async def test_a_from_that_nobody_vouches_for_is_called_so(house: House) -> None:
    record = replace(
        call(house, "received-3", None),
        charged_s=0,
        charge_micros=0,
        verified=False,
        received_identity=f'"Anna" <sip:{LANDLINE}@north.example>;tag=as5f',
    )
    await settle_call(house, record)
    page = await _shown(house, "/console/evn/received-3", Role.AUDITOR)
    assert "From, vom Netz nicht bestätigt" in page
