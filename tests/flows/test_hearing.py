"""What a configuration may say is looked for before calls come."""

from engine.core.inventory import Inventory
from engine.flows.hearing import prepare
from tests.fakes.sounds import NamedSounds
from tests.flows.world import inventory


async def test_a_house_with_all_its_audio_lacks_nothing() -> None:
    assert await prepare(inventory(), NamedSounds()) == []


async def test_a_price_that_cannot_be_said_is_named() -> None:
    sounds = NamedSounds()
    sounds.missing.add("tariff")
    stock: Inventory = inventory()
    missing = await prepare(stock, sounds)
    assert {m.prompt.name for m in missing} == {"tariff"}
    assert {m.lang for m in missing} == {stock.services[0].lang}
