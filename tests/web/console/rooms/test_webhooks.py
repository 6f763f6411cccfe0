"""Pages of webhooks: a secret shown once, what is refused, what an act comes to."""

import re

from engine.core.roles import Role
from engine.ports.webhooks.endpoints import EndpointState
from tests.web.console.house import OTHERS, House
from tests.web.console.subjects.webhooks import NEW, WEBHOOKS
from tests.web.site import ORGANISATION


async def _added(house: House, **form: str) -> str:
    """The page after an endpoint was added."""
    answer = await house.ask(
        "POST", f"{WEBHOOKS}/new", house.people[Role.OWNER], {**NEW, "form_id": "f", **form}
    )
    assert answer.status == 200
    return await answer.text()


async def test_a_secret_is_shown_once(house: House) -> None:
    shown = await _added(house)
    (secret,) = re.findall(r'value="(whsec_[^"]+)"', shown)
    (endpoint_id,) = re.findall(r'role="button" href="/console/webhooks/([0-9a-f]+)"', shown)
    later = await house.ask("GET", f"{WEBHOOKS}/{endpoint_id}", house.people[Role.OWNER])
    assert secret not in await later.text()
    rotated = await house.ask("POST", f"{WEBHOOKS}/{endpoint_id}/rotate", house.people[Role.OWNER])
    (second,) = re.findall(r'value="(whsec_[^"]+)"', await rotated.text())
    assert second != secret


async def test_a_form_sent_twice_adds_one_endpoint(house: House) -> None:
    before = await house.bench.site.webhooks.endpoints.endpoints(ORGANISATION)
    await _added(house)
    await _added(house)
    after = await house.bench.site.webhooks.endpoints.endpoints(ORGANISATION)
    assert len(after) == len(before) + 1


async def test_what_cannot_be_told_is_shown_again(house: House) -> None:
    owner = house.people[Role.OWNER]
    for changed in ({"url": "http://10.0.0.1/"}, {"concurrency": "99"}, {"concurrency": "x"}):
        answer = await house.ask("POST", f"{WEBHOOKS}/new", owner, {**NEW, **changed})
        assert (answer.status, "aria-invalid" in await answer.text()) == (422, True)
    none = {name: value for name, value in NEW.items() if not name.startswith("event-")}
    answer = await house.ask("POST", f"{WEBHOOKS}/new", owner, none)
    assert "Bitte mindestens eines wählen." in await answer.text()


async def test_who_is_disabled_is_told_nothing_until_enabled(house: House) -> None:
    owner, endpoint_id = house.people[Role.OWNER], house.own["endpoint_id"]
    one = f"{WEBHOOKS}/{endpoint_id}"
    endpoints = house.bench.site.webhooks.endpoints
    await house.ask("POST", f"{one}/disable", owner)
    disabled = await endpoints.endpoint(ORGANISATION, endpoint_id)
    assert disabled is not None
    assert disabled.state is EndpointState.DISABLED
    assert (await house.ask("POST", f"{one}/ping", owner)).status == 422
    again = f"/console/deliveries/{house.own['delivery_id']}/resend"
    assert (await house.ask("POST", again, owner)).status == 422
    await house.ask("POST", f"{one}/enable", owner)
    assert (await house.ask("POST", again, owner)).status == 303


async def test_deliveries_are_filtered_and_ones_own(house: House) -> None:
    async def listed(**query: str) -> str:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        page = await house.ask("GET", f"/console/deliveries?{words}", house.people[Role.AUDITOR])
        return await page.text()

    failed = await listed(state="given_up")
    assert house.own["delivery_id"] in failed
    assert failed.count('href="/console/deliveries/') == 1
    assert house.own["delivery_id"] not in await listed(state="delivered")
    theirs = await listed(endpoint=house.foreign["endpoint_id"])
    assert "/console/deliveries/" not in theirs
    assert OTHERS not in await listed()
