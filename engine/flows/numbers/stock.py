"""What there is to sell: blocks of numbers taken in, and the catalogue."""

from collections.abc import Sequence

from engine.core.numbers.blocks import Faults, read_blocks
from engine.core.numbers.number import TRACKED_COUNTRIES, Purpose
from engine.errors import CallerError
from engine.flows.numbers.holders import Holders
from engine.flows.numbers.numbering import Numbering
from engine.ports.numbers import Offer

TEXT_BYTES_MOST = 4 * 1024 * 1024
COUNTRIES = {Purpose.TRACKING: TRACKED_COUNTRIES, Purpose.FORWARDING: frozenset({"US"})}


class Stock:
    """Takes numbers in, and says what they cost."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering

    async def take_in(self, text: str, author: str) -> int | Faults:
        """The numbers of a file of blocks (`core.numbers.blocks`): how many are new, or every
        mistake, and then none is taken in. Who waited for a number there has it then."""
        if len(text.encode()) > TEXT_BYTES_MOST:
            raise CallerError(f"must have at most {TEXT_BYTES_MOST} bytes", "file")
        numbers = read_blocks(text, self._numbering.areas)
        if isinstance(numbers, Faults):
            return numbers
        at_ms, _ = self._numbering.now()
        count = await self._numbering.numbers.stock(numbers, author, at_ms)
        areas = {number.area for number in numbers}
        await Holders(self._numbering).replace_waiting(areas, author)
        return count

    async def offers(self) -> Sequence[Offer]:
        """The catalogue."""
        return await self._numbering.numbers.offers()

    async def put_offer(self, offer: Offer, author: str) -> None:
        """Let a monthly price hold for orders from now on."""
        if offer.country not in COUNTRIES[offer.purpose]:
            known = ", ".join(sorted(COUNTRIES[offer.purpose]))
            raise CallerError(f"must be one of {known} for {offer.purpose}", "country")
        at_ms, _ = self._numbering.now()
        await self._numbering.numbers.put_offer(offer, author, at_ms)
