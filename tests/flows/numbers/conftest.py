"""A town whose numbers are in memory."""

import pytest

from tests.fakes.numbers.stock import MemoryNumbers
from tests.flows.numbers.town import Town


@pytest.fixture
async def town() -> Town:
    town = Town(MemoryNumbers())
    await town.open()
    return town
