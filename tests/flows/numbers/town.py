"""The numbering of three towns with a stock, on a clock that is moved by hand."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from engine.core.call import Now
from engine.core.numbers.areas import Areas, Place
from engine.core.numbers.holder import DocumentKind, Policy, Verdict
from engine.core.numbers.life import Refused
from engine.core.numbers.number import Number, Purpose
from engine.flows.numbers.allocation import Allocation, Wish
from engine.flows.numbers.daily import Due, Line
from engine.flows.numbers.holders import Entered, Entry, Holders, Paper
from engine.flows.numbers.numbering import Numbering
from engine.flows.numbers.sources import Sources
from engine.flows.numbers.stock import Stock
from engine.ports.numbers import Numbers, Offer
from tests.fakes.clock import LoopClock

BERLIN, MUNICH, VIENNA = "30", "89", "1"
AREAS = Areas(
    [
        Place("DE", BERLIN, "Berlin"),
        Place("DE", MUNICH, "München"),
        Place("DE", "2129", "Haan Rheinland"),
        Place("DE", "5162", "Fallingbostel"),
        Place("DE", "6432", "Diez"),
        Place("DE", "9999", "Diez Lahn"),
        Place("AT", VIENNA, "Wien"),
    ]
)
PRICE = 4_900_000
FIRST_DAY = date(2027, 3, 1)
SEATS = {
    BERLIN: Entry(title="Acme", street="Weg 1", postal_code="10115", place="Berlin", country="DE"),
    MUNICH: Entry(
        title="Acme", street="Ring 2", postal_code="80331", place="münchen", country="DE"
    ),
    VIENNA: Entry(title="Acme", street="Graben 3", postal_code="1010", place="Wien", country="AT"),
    "": Entry(title="Acme", street="Gasse 4", postal_code="8001", place="Zürich", country="CH"),
}


class MovedClock(LoopClock):
    """A wall clock at noon of a day that is set by hand."""

    day: date = FIRST_DAY

    def now(self) -> Now:
        noon = datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC)
        return Now(int(noon.timestamp()) * 1000, 0)


@dataclass
class Town:
    """Everybody who works on numbers, and what they have at hand."""

    numbers: Numbers
    policy: Policy = field(default_factory=Policy)
    clock: MovedClock = field(default_factory=MovedClock)
    orders: int = 0

    def __post_init__(self) -> None:
        self.numbering = Numbering(self.numbers, AREAS, self.clock, self.policy)
        self.allocation = Allocation(self.numbering)
        self.holders = Holders(self.numbering)
        self.sources = Sources(self.numbering)
        self.stock = Stock(self.numbering)

    @property
    def day(self) -> date:
        return self.clock.day

    async def open(self, sizes: int = 5) -> None:
        """Free numbers in every town, and a catalogue."""
        last = sizes - 1
        blocks = [
            f"30,+493023125000,+49302312{5000 + last}",
            f"089,+498999998000,+49899999{8000 + last}",
            f"1,+4315123000,+431512{3000 + last}",
            ",+18005550100,+18005550104",
        ]
        taken = await self.stock.take_in("\n".join(["area_code,first,last", *blocks]), "op")
        assert taken == 3 * sizes + 5
        for country, purpose in (
            ("DE", Purpose.TRACKING),
            ("AT", Purpose.TRACKING),
            ("US", Purpose.FORWARDING),
        ):
            offer = Offer(country=country, purpose=purpose, price_micros=PRICE, currency="EUR")
            await self.stock.put_offer(offer, "op")

    async def seated(self, organisation: str = "acme", town: str = BERLIN) -> Entered:
        """The organisation with a seat in a town."""
        return await self.holders.enter(organisation, SEATS[town], organisation)

    async def proved(
        self,
        organisation: str = "acme",
        kind: DocumentKind = DocumentKind.REGISTER_EXTRACT,
        expires_on: date | None = None,
    ) -> None:
        """A document handed in and found good."""
        paper = Paper(
            kind=kind, file_name="a.pdf", content=b"%PDF", dated=self.day, expires_on=expires_on
        )
        document = await self.holders.hand_in(organisation, paper, organisation)
        await self.holders.check(organisation, document.document_id, Verdict.ACCEPTED, "", "op")

    async def ordered(
        self, organisation: str = "acme", key: str = "", e164: str | None = None
    ) -> Number | Refused:
        """What an order of today gets."""
        self.orders += 1
        wish = Wish(
            organisation=organisation,
            key=key or f"order-{self.orders}",
            price_micros=PRICE,
            e164=e164,
        )
        return await self.allocation.order(wish, organisation)

    async def given(self, organisation: str = "acme", e164: str | None = None) -> Number:
        """A number ordered and approved."""
        ordered = await self.ordered(organisation, e164=e164)
        assert isinstance(ordered, Number), ordered
        approved = await self.allocation.approve(ordered.e164, "op")
        assert isinstance(approved, Number), approved
        return approved

    async def active(self, organisation: str = "acme", town: str = BERLIN) -> Number:
        """A number that takes calls, of an organisation with a proved seat."""
        await self.seated(organisation, town)
        await self.proved(organisation)
        return await self.given(organisation)

    async def due(self, day: date | None = None, *, dry: bool = False) -> tuple[Line, ...]:
        """The work of a day, which it then is."""
        self.clock.day = day or self.clock.day
        return await Due(self.numbering, self.clock.now().wall_ms, dry=dry).carry_out()

    async def next_day(self) -> tuple[Line, ...]:
        return await self.due(self.day + timedelta(days=1))

    async def told(self, organisation: str | None = None) -> list[str]:
        """The kinds of all that was told."""
        return [notice.kind for _, notice in await self.numbers.notices(organisation, 0, 1000)]
