"""A town whose numbers are in memory."""

import pytest

from tests.fakes.numbers.stock import MemoryNumbers
from tests.flows.numbers.town import Town


@pytest.fixture
def numbers() -> MemoryNumbers:
    return MemoryNumbers()


@pytest.fixture
async def town(numbers: MemoryNumbers) -> Town:
    town = Town(numbers)
    await town.open()
    return town
