"""An older version comes back in the place of the one that was shown, of no other."""

import re

from engine.core.roles import Role
from engine.flows.versions.configuration import Why
from tests.web.console.files import FILES
from tests.web.console.house import HTML, House

HERE = "/console/configuration"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


async def _apply(house: House, price: str, based_on: int) -> None:
    sources = {name: text.replace("0.99", price).encode() for name, text in FILES.items()}
    await house.bench.site.configuration.apply(sources, based_on, Why("ada", "new prices"))


async def _number(house: House) -> int:
    current = await house.bench.site.configuration.in_force()
    assert current is not None
    return current.version.number


async def _asked_first(house: House, secret: str) -> dict[str, str]:
    """What the page sends on that asks whether version 1 is to come back."""
    page = await (await house.ask("GET", HERE, secret=secret)).text()
    form = dict(HIDDEN.findall(page[page.index(f'action="{HERE}/restore"') :]))
    asking = await house.client.post(
        f"{HERE}/restore",
        data={**form, "number": "1", "reason": "too dear"},
        headers={
            "Sec-Fetch-Site": "same-origin",
            **HTML,
            "Cookie": f"__Host-groschen-session={secret}",
        },
    )
    return dict(HIDDEN.findall((await asking.text()).partition("<main")[2]))


async def test_what_was_shown_goes_back(house: House) -> None:
    await _apply(house, "0.88", 1)
    secret = await house.session(house.staff[Role.OWNER])
    form = await _asked_first(house, secret)
    assert form["_confirmed"] == "yes"
    done = await house.ask("POST", f"{HERE}/restore", form=form, secret=secret)
    assert done.status == 303
    assert await _number(house) == 1


async def test_what_came_meanwhile_is_not_thrown_out_unseen(house: House) -> None:
    await _apply(house, "0.88", 1)
    secret = await house.session(house.staff[Role.OWNER])
    form = await _asked_first(house, secret)
    await _apply(house, "0.77", 2)
    refused = await house.ask("POST", f"{HERE}/restore", form=form, secret=secret)
    assert "Inzwischen hat sich etwas geändert" in await refused.text()
    assert await _number(house) == 3
    without = {name: value for name, value in form.items() if name != "activation"}
    await house.ask("POST", f"{HERE}/restore", form=without, secret=secret)
    assert await _number(house) == 3
