"""Numbers given to organisations without an order, for tests of what comes after that."""

from dataclasses import replace

from engine.core.numbers.number import Number
from engine.ports.numbers import Commit, Move, Numbers


async def give(numbers: Numbers, number: Number) -> Number:
    """Take a number into the stock, and let it stand as it is here; done before, nothing is."""
    given = replace(number, version=1)
    if await numbers.number(number.e164) != given:
        free = Number(e164=number.e164, country=number.country, area_code=number.area_code)
        await numbers.stock([free], "operator", 0)
        move = Move(free, given, "given")
        await numbers.commit(Commit(author="operator", at_ms=0, moves=(move,)))
    return given
