"""Routes of a toll-free and of a tracked number, and calls to the former."""

from engine.core.diversion.caps import Caps
from engine.core.diversion.record import Outcome
from engine.core.diversion.route import (
    CallerClass,
    Forwarding,
    Policy,
    Target,
    Tracking,
    Verdict,
)
from engine.core.inventory import Span
from engine.core.numbers.holder import Policy as Proof
from engine.core.numbers.number import Number, Purpose
from engine.flows.numbers.allocation import Allocation, Wish
from engine.flows.numbers.numbering import Numbering
from engine.ledger.diversion.sql import SqlForwarded
from tests.forwarding.cases import forwarded
from tests.web.console.house import MASTERS, House, Row
from tests.web.console.subjects.numbers import PRICE, stocked
from tests.web.site import ORGANISATION

FORWARDING = "/console/forwarding"
TRACKING = "/console/tracking/routes"
TARGET = "+12125550142"
DEALER = "+493023125200"
READERS = f"{MASTERS} manager coordinator auditor"
FORWARDERS = f"{MASTERS} manager coordinator"
TRACKERS = f"{MASTERS} coordinator"

FORWARDING_FORM = {
    "version": "1",
    "targets.0": "(212) 555-0142",
    "ring_timeout_s": "20",
    **{f"policy.{who}": "through" for who in CallerClass},
    "caps.calls_at_once": "3",
    "caps.minutes_a_day": "60",
    "caps.minutes_a_month": "600",
    "timezone": "America/Chicago",
}
TRACKING_FORM = {
    "version": "1",
    "targets.0.number": "030 23125200",
    "targets.0.spans": "mon-fri: 09:00-17:30",
    "ring_timeout_s": "30",
    "lang": "de",
    "timezone": "Europe/Berlin",
}

ROWS = {
    ("GET", f"{FORWARDING}/calls"): Row(READERS),
    ("GET", f"{FORWARDING}/calls.csv"): Row(READERS),
    ("GET", FORWARDING): Row(READERS),
    ("GET", f"{FORWARDING}/{{toll_free}}"): Row(READERS),
    ("GET", f"{FORWARDING}/{{toll_free}}/edit"): Row(FORWARDERS),
    ("POST", f"{FORWARDING}/{{toll_free}}/edit"): Row(FORWARDERS, FORWARDING_FORM),
    ("POST", f"{FORWARDING}/{{toll_free}}/delete"): Row(FORWARDERS, {"version": "2"}),
    ("GET", TRACKING): Row(READERS),
    ("GET", f"{TRACKING}/{{number}}"): Row(READERS),
    ("GET", f"{TRACKING}/{{number}}/edit"): Row(TRACKERS),
    ("POST", f"{TRACKING}/{{number}}/edit"): Row(TRACKERS, TRACKING_FORM),
    ("POST", f"{TRACKING}/{{number}}/delete"): Row(TRACKERS, {"version": "2"}),
}

TERMS = Forwarding(
    targets=(TARGET, "+13125550143"),
    policy=Policy(canada=Verdict.THROUGH),
    caps=Caps(calls_at_once=2, minutes_a_day=120, minutes_a_month=1_200),
)


async def toll_free(house: House, organisation: str, key: str) -> Number:
    """A toll-free number that takes calls."""
    site = house.bench.site
    numbering = Numbering(
        site.numbering.numbers, site.numbering.areas, site.clock, Proof(prove_seat_first=False)
    )
    allocation = Allocation(numbering)
    wish = Wish(organisation=organisation, key=key, purpose=Purpose.FORWARDING, price_micros=PRICE)
    number = await allocation.order(wish, organisation)
    assert isinstance(number, Number), number
    on = await allocation.approve(number.e164, "grace@operator.example")
    assert isinstance(on, Number), on
    return on


async def seed(house: House) -> None:
    """Routes here and elsewhere; calls of every outcome to ours; a number that leads nowhere."""
    await stocked(house)
    routing, author = house.bench.site.routing, f"owner@{ORGANISATION}.example"
    for organisation, ids in ((ORGANISATION, house.own), (house.foreign["holder"], house.foreign)):
        number = await toll_free(house, organisation, "toll-free")
        ids["toll_free"] = number.e164[1:]
        await routing.forward(organisation, number.e164, TERMS, 0, author)
        week = tuple(Span(weekday=day, opens_min=540, closes_min=1050) for day in range(5))
        dealers = (Target(e164=DEALER, spans=week), Target(e164="+4989998998000"))
        tracking = Tracking(targets=dealers, whisper=True)
        await routing.track(organisation, f"+{ids['number']}", tracking, 0, author)
    await toll_free(house, ORGANISATION, "nowhere")
    await _call_in(house)


async def _call_in(house: House) -> None:
    kept = SqlForwarded(house.bench.ledger)
    now_ms = house.bench.site.clock.now().wall_ms
    for place, outcome in enumerate(Outcome):
        arrived_ms = now_ms - (place + 1) * 90_000
        is_answered = outcome is Outcome.ANSWERED
        withheld = outcome is Outcome.ABANDONED
        await kept.keep(
            forwarded(
                f"forwarded-{place}",
                organisation=ORGANISATION,
                number=f"+{house.own['toll_free']}",
                caller=None if withheld else "+14155550xxx",
                caller_class=CallerClass.US_WITHHELD if withheld else CallerClass.US,
                target=TARGET if is_answered or withheld else None,
                outcome=outcome,
                arrived_ms=arrived_ms,
                joined_ms=arrived_ms + 5_000 if is_answered else None,
                ended_ms=arrived_ms + 70_000,
            )
        )
