"""Numbers that a form offers to choose from: found by a part of them, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.numbers.number import Number, Purpose, Status
from engine.ports.numbers import NumberFilter
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import digits_of

NUMBERS_SHOWN = 50
PART_CHARS_MOST = 40


@dataclass(frozen=True, slots=True)
class Offered:
    """The first `NUMBERS_SHOWN` that have the digits of `part`; `is_cut`: there are more."""

    part: str
    numbers: Sequence[Number]
    is_cut: bool


async def tracked_numbers(asked: Asked) -> Offered:
    """The organisation's numbers that take tracking calls, by what the address says of `part`."""
    part = asked.wanted("part", PART_CHARS_MOST)
    wanted = NumberFilter(
        organisation=asked.owner,
        status=Status.ACTIVE,
        purpose=Purpose.TRACKING,
        digits=digits_of(part),
        most=NUMBERS_SHOWN + 1,
    )
    found = await asked.site.numbering.numbers.numbers(wanted)
    return Offered(part, found[:NUMBERS_SHOWN], len(found) > NUMBERS_SHOWN)
