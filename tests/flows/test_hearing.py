"""What a configuration may say is looked for before calls come."""

from dataclasses import replace

import pytest

from engine.core.inventory import Inventory
from engine.errors import CallerError
from engine.flows.hearing import go_along, prepare
from tests.fakes.sounds import NamedSounds
from tests.flows.world import inventory


async def test_a_house_with_all_its_audio_lacks_nothing() -> None:
    assert await prepare(inventory(), NamedSounds()) == []


async def test_a_price_that_cannot_be_said_is_named() -> None:
    sounds = NamedSounds()
    sounds.missing.add("tariff")
    stock: Inventory = inventory()
    missing = await prepare(stock, sounds)
    assert {m.key.partition("-")[0] for m in missing} == {"tariff"}
    assert {m.lang for m in missing} == {stock.services[0].lang}


async def test_a_version_that_silences_a_line_is_refused() -> None:
    """What was silent before is no reason to stay."""
    sounds = NamedSounds()
    old: Inventory = inventory()
    (service, *_) = old.services
    new = replace(old, services=(replace(service, pin_entry=not service.pin_entry),))
    await go_along(old, new, sounds)
    sounds.missing.add("tariff")
    await go_along(old, new, sounds)
    with pytest.raises(CallerError, match=f"{service.lang}/tariff-"):
        await go_along(replace(old, services=()), new, sounds)
