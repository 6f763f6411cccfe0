"""Where pages on routes are, and the numbers they are about."""

from collections.abc import Sequence

from engine.core.diversion.route import Route
from engine.core.numbers.number import Number, Purpose
from engine.ports.numbers import NumberFilter
from engine.web.console.asked import Asked
from engine.web.console.route import Finder

FORWARDING = "/console/forwarding"
TRACKING = "/console/tracking/routes"
CALLS = f"{FORWARDING}/calls"
BASES = {Purpose.FORWARDING: FORWARDING, Purpose.TRACKING: TRACKING}


def path_of(number: Number) -> str:
    """The page of a number that was given for something."""
    assert number.purpose is not None, "a number that nobody has"
    return f"{BASES[number.purpose]}/{number.e164[1:]}"


def finder(name: str, purpose: Purpose) -> Finder:
    """Finds the number that the address names by `name`, without its plus sign, if somebody has it
    for the purpose."""

    async def find(asked: Asked) -> Number | None:
        e164 = f"+{asked.request.match_info[name]}"
        number = await asked.site.numbering.numbers.number(e164)
        is_there = number is not None and number.is_held and number.purpose is purpose
        return number if is_there else None

    return find


async def numbers_of(asked: Asked, purpose: Purpose, after: str, most: int) -> Sequence[Number]:
    """The organisation's numbers for a purpose, by number, those that follow `after`."""
    wanted = NumberFilter(organisation=asked.owner, purpose=purpose, after=after, most=most)
    return await asked.site.numbering.numbers.numbers(wanted)


async def route_of(asked: Asked, number: Number) -> Route | None:
    """Where a number leads now."""
    return await asked.site.routing.route(asked.owner, number.e164)
