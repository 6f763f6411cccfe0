"""Numbers given out and where they lead: sales channels that were called, a toll-free number."""

import random
from collections.abc import Sequence
from dataclasses import replace

from engine.core.call import Now
from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.record import Outcome as Forwarded
from engine.core.diversion.route import CallerClass, Forwarding, Policy, Target, Tracking, Verdict
from engine.core.inventory import Span
from engine.core.number import mask
from engine.core.numbers.holder import Policy as Proof
from engine.core.numbers.number import Number, Purpose
from engine.core.tracked import Outcome, TrackedCall
from engine.flows.clock import SystemClock
from engine.flows.diversion.routing import Routing
from engine.flows.numbers.allocation import Allocation, Wish
from engine.flows.numbers.holders import Entry, Holders
from engine.flows.numbers.numbering import Numbering, read_areas
from engine.flows.numbers.sources import Channel, Sources
from engine.flows.numbers.stock import Stock
from engine.ledger.diversion.sql import SqlForwarded, SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.sql import SqlLedger
from engine.ledger.tracked.sql import SqlTracked
from engine.ports.numbers import Offer
from engine.ports.speech import Sounds
from tests.demo.business.books import DAY_MS, DAYS, SEED

BLOCKS = """area_code,first,last
30,+493023125700,+493023125719
89,+498999998000,+498999998009
,+18005550100,+18005550104
"""
PRICES = {Purpose.TRACKING: ("DE", 4_900_000), Purpose.FORWARDING: ("US", 9_900_000)}
SEATS = {
    "sternlicht": Entry(
        title="Sternlicht Beratung GmbH",
        street="Sternweg 7",
        postal_code="10115",
        place="Berlin",
        country="DE",
    ),
    "mondschein": Entry(
        title="Mondschein Astro KG",
        street="Am Hof 3",
        postal_code="80331",
        place="München",
        country="DE",
    ),
}
CHANNELS = {
    "Webseite": ("https://www.sternlicht.example", 45),
    "Google-Anzeige": ("Kampagne Herbst", 30),
    "Stadtmagazin": ("Ausgabe 11, Seite 4", 17),
    "Messe Berlin": ("Flugblatt", 8),
}
"""Where each number is published, and how many of a hundred calls come from there."""

DEALERS = ("+494066969020", "+494066969021")
"""Who is called at the shop by day, and out of hours."""

TOLL_FREE_TARGET = "+12125550142"
TRACKED_CALLS = 500
FORWARDED_CALLS = 60
AUTHOR = "admin@operator.example"


class LongAgo(SystemClock):
    """The clock as it was when the business began."""

    def now(self) -> Now:
        now = super().now()
        return Now(now.wall_ms - DAYS * DAY_MS, now.mono_ms)


class Channels:
    """Gives both businesses their numbers, and writes down who called."""

    def __init__(self, ledger: SqlLedger, secret: bytes, sounds: Sounds, now_ms: int) -> None:
        self._chance = random.Random(SEED)
        self._now_ms = now_ms
        clock, numbers = LongAgo(), SqlNumbers(ledger)
        self._numbering = Numbering(numbers, read_areas(), clock, Proof(prove_seat_first=False))
        self._forwarded = SqlForwarded(ledger)
        self._tracked = SqlTracked(ledger, secret, mailing=False)
        self._routing = Routing(numbers, SqlRoutes(ledger), self._forwarded, sounds, clock)

    async def write(self) -> Sequence[str]:
        """All of it; the numbers of the sales channels."""
        stock, holders = Stock(self._numbering), Holders(self._numbering)
        await stock.take_in(BLOCKS, AUTHOR)
        for purpose, (country, price_micros) in PRICES.items():
            offer = Offer(
                country=country, purpose=purpose, price_micros=price_micros, currency="EUR"
            )
            await stock.put_offer(offer, AUTHOR)
        for organisation, seat in SEATS.items():
            await holders.enter(organisation, seat, f"owner@{organisation}.example")
        await self._forwarding("mondschein")
        return await self._tracking("sternlicht")

    async def _tracking(self, organisation: str) -> Sequence[str]:
        week = tuple(Span(weekday=day, opens_min=540, closes_min=1_080) for day in range(5))
        targets = (Target(e164=DEALERS[0], spans=week), Target(e164=DEALERS[1]))
        numbers = {}
        for name, (place, _) in CHANNELS.items():
            number = await self._active(organisation, Purpose.TRACKING, name)
            owner = f"owner@{organisation}.example"
            channel = Channel(name=name, places=(place,))
            await Sources(self._numbering).add(organisation, number.e164, channel, owner)
            terms = Tracking(targets=targets, whisper=True)
            await self._routing.track(organisation, number.e164, terms, 0, owner)
            numbers[name] = number.e164
        for n in range(TRACKED_CALLS):
            await self._tracked_call(organisation, numbers, n)
        return tuple(numbers.values())

    async def _tracked_call(self, organisation: str, numbers: dict[str, str], n: int) -> None:
        chance = self._chance
        weights = [share for _, share in CHANNELS.values()]
        source = chance.choices(tuple(CHANNELS), weights)[0]
        outcome = chance.choices(tuple(Outcome), (72, 14, 9, 5))[0]
        arrived_ms, ring_ms = self._some_time(), chance.randrange(3_000, 25_000)
        is_answered = outcome is Outcome.ANSWERED
        talk_ms = round(chance.expovariate(1 / 150_000)) if is_answered else 0
        call = TrackedCall(
            call_id=f"demo-tracked-{n}",
            organisation=organisation,
            number=numbers[source],
            source=source,
            arrived_ms=arrived_ms,
            answered_ms=arrived_ms + ring_ms if is_answered else None,
            ended_ms=arrived_ms + ring_ms + talk_ms,
            outcome=outcome,
            target=0,
        )
        area = chance.choice(("4930231252", "4940669692", "4969900092"))
        await self._tracked.keep(call, f"+{area}{chance.randrange(100):02}")

    async def _forwarding(self, organisation: str) -> None:
        number = await self._active(organisation, Purpose.FORWARDING, "toll-free")
        terms = Forwarding(targets=(TOLL_FREE_TARGET,), policy=Policy(canada=Verdict.RING_ON))
        owner = f"owner@{organisation}.example"
        await self._routing.forward(organisation, number.e164, terms, 0, owner)
        for n in range(FORWARDED_CALLS):
            await self._forwarded_call(organisation, number.e164, n)

    async def _forwarded_call(self, organisation: str, number: str, n: int) -> None:
        chance, arrived_ms = self._chance, self._some_time()
        ring_ms, talk_ms = chance.randrange(3_000, 20_000), chance.randrange(10_000, 400_000)
        ended_ms = arrived_ms + ring_ms
        caller = f"+1212555{chance.randrange(100, 200):04}"
        call = ForwardedCall(
            call_id=f"demo-forwarded-{n}",
            organisation=organisation,
            number=number,
            route_version=1,
            caller=mask(caller),
            caller_class=CallerClass.US,
            target=TOLL_FREE_TARGET,
            outcome=Forwarded.ANSWERED,
            arrived_ms=arrived_ms,
            joined_ms=ended_ms,
            ended_ms=ended_ms + talk_ms,
        )
        if n % 4 == 0:
            call = replace(call, outcome=Forwarded.ABANDONED, joined_ms=None, ended_ms=ended_ms)
        if n % 7 == 0:
            call = replace(
                call,
                caller=mask("+14165550123"),
                caller_class=CallerClass.CANADA,
                target=None,
                outcome=Forwarded.NOT_LET_THROUGH,
                joined_ms=None,
                ended_ms=ended_ms,
            )
        await self._forwarded.keep(call)

    async def _active(self, organisation: str, purpose: Purpose, key: str) -> Number:
        """A number ordered, and approved by the operator."""
        allocation, price_micros = Allocation(self._numbering), PRICES[purpose][1]
        wish = Wish(organisation=organisation, key=key, purpose=purpose, price_micros=price_micros)
        number = await allocation.order(wish, f"owner@{organisation}.example")
        assert isinstance(number, Number), number
        number = await allocation.approve(number.e164, AUTHOR)
        assert isinstance(number, Number), number
        return number

    def _some_time(self) -> int:
        """By day, in the months of the business."""
        day, of_day = self._chance.randrange(1, DAYS), self._chance.triangular(8, 20, 11)
        midnight_ms = self._now_ms - self._now_ms % DAY_MS
        return midnight_ms - day * DAY_MS + round(of_day * 3_600_000)
