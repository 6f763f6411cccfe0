"""Who can be reached, as the list of the first day shows it: asked of real far ends, just now."""

import socket
from dataclasses import replace

import pytest

from engine.asterisk.etc.files import AsteriskFiles
from engine.core.inventory import Inventory, Trunk
from engine.flows.first_day.rules import Found, State, Step, steps
from tests.far_end import Party
from tests.switchboard import Plant, inventory

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def seen(plant: Plant, stock: Inventory) -> dict[str, Step]:
    """The steps by their keys, as they stand now."""
    standing = await AsteriskFiles.opened(plant.asterisk.folder, None).standing(stock)
    found = Found(standing=standing, calls=(), reached={}, silent=(), paid={}, balances=0)
    return {step.key: step for step in steps(stock, found)}


async def test_a_trunk_is_there_while_it_answers(shared_plant: Plant) -> None:
    """One that hears and says nothing is away, and so is one where nobody listens."""
    stock = inventory(shared_plant.trunk_port, shared_plant.agent_port)
    carrier = await Party.open(port=shared_plant.trunk_port)
    try:
        assert (await seen(shared_plant, stock))["trunks"] == Step(
            "trunks", State.DONE, (("there", "carrier"),)
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            spare: Trunk = replace(stock.trunks[0], name="spare", port=silent.getsockname()[1])
            both = replace(stock, trunks=(*stock.trunks, spare))
            assert (await seen(shared_plant, both))["trunks"] == Step(
                "trunks", State.OPEN, (("there", "carrier"), ("away", "spare"))
            )
        # Calls of tests before may still be sent again.
        asked = [m for m in carrier.messages if not m.sent and m.method == "OPTIONS"]
        assert len(asked) == 2
    finally:
        carrier.close()
    assert (await seen(shared_plant, stock))["trunks"].state is State.OPEN


async def test_a_phone_is_there_while_it_answers_or_is_registered(shared_plant: Plant) -> None:
    """Anna's phone has an address of its own, Berta's registers."""
    stock = inventory(shared_plant.trunk_port, shared_plant.agent_port)
    phone = await Party.open(shared_plant.asterisk.access.sip_port)
    try:
        assert (await seen(shared_plant, stock))["phones"] == Step(
            "phones", State.OPEN, (("away", "anna"), ("away", "berta"))
        )
        assert await phone.register("agent-berta", "secret") == 200
        assert (await seen(shared_plant, stock))["phones"] == Step(
            "phones", State.DONE, (("away", "anna"), ("there", "berta"))
        )
        assert await phone.register("agent-berta", "secret", expires_s=0) == 200
        assert (await seen(shared_plant, stock))["phones"].state is State.OPEN
        annas = await Party.open(port=shared_plant.agent_port)
        try:
            assert (await seen(shared_plant, stock))["phones"] == Step(
                "phones", State.DONE, (("there", "anna"), ("away", "berta"))
            )
        finally:
            annas.close()
    finally:
        phone.close()
