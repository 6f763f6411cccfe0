"""Numbers."""

from engine.core.numbers.holder import DocumentKind, Policy, Verdict
from engine.core.numbers.number import Number, Purpose
from engine.flows.numbers.allocation import Allocation, Wish
from engine.flows.numbers.holders import Entry, Holders, Paper
from engine.flows.numbers.numbering import Numbering
from engine.flows.numbers.stock import Stock
from engine.ports.numbers import Offer
from tests.web.console.house import MASTERS, NOBODY_OF_ORGANISATION, OTHERS, House, Row
from tests.web.site import ORGANISATION

NUMBERS = "/console/numbers"
ONE = f"{NUMBERS}/{{number}}"
READERS = f"{MASTERS} manager auditor"
WRITERS = f"{MASTERS} manager"
PRICE = 4_900_000
BLOCKS = """area_code,first,last
30,+493023125700,+493023125719
89,+498999998000,+498999998009
,+18005550100,+18005550104
"""
SEAT = {
    "title": "Sternlicht Beratung GmbH",
    "street": "Sternweg 7",
    "postal_code": "10115",
    "place": "Berlin",
    "country": "DE",
}

ROWS = {
    ("GET", NUMBERS): Row(READERS),
    ("GET", f"{NUMBERS}/catalogue"): Row(READERS),
    ("POST", f"{NUMBERS}/order"): Row(
        WRITERS, {"purpose": "tracking", "price": "4.90", "form_id": "f"}
    ),
    ("GET", f"{NUMBERS}/notices"): Row(READERS),
    ("GET", f"{NUMBERS}/statement"): Row(READERS),
    ("GET", f"{NUMBERS}/statement.csv"): Row(READERS),
    ("GET", ONE): Row(READERS),
    ("POST", f"{ONE}/approve"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{ONE}/reject"): Row(NOBODY_OF_ORGANISATION, {"reason": "kein Vertrag"}),
    ("POST", f"{ONE}/deactivate"): Row(WRITERS),
    ("POST", f"{ONE}/withdraw"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{ONE}/replace"): Row(NOBODY_OF_ORGANISATION),
}


async def ordered(numbering: Numbering, organisation: str, key: str) -> Number:
    """A number on order."""
    wish = Wish(organisation=organisation, key=key, price_micros=PRICE)
    number = await Allocation(numbering).order(wish, organisation)
    assert isinstance(number, Number), number
    return number


async def active(numbering: Numbering, organisation: str, key: str) -> Number:
    """A number that takes calls."""
    number = await ordered(numbering, organisation, key)
    on = await Allocation(numbering).approve(number.e164, "grace@operator.example")
    assert isinstance(on, Number), on
    return on


async def seed(house: House) -> None:
    """What `stocked` makes."""
    await stocked(house)


async def stocked(house: House) -> None:
    """Once: a stock, a catalogue, two organisations with a seat; numbers here and there, one on
    order, one given back."""
    if "number" in house.own:
        return
    site = house.bench.site
    numbering = Numbering(
        site.numbering.numbers, site.numbering.areas, site.clock, Policy(prove_seat_first=False)
    )
    await Stock(numbering).take_in(BLOCKS, "grace@operator.example")
    for country, purpose in (("DE", Purpose.TRACKING), ("US", Purpose.FORWARDING)):
        offer = Offer(country=country, purpose=purpose, price_micros=PRICE, currency="EUR")
        await Stock(numbering).put_offer(offer, "grace@operator.example")
    holders = Holders(numbering)
    theirs = {**SEAT, "title": "Bolt & Söhne KG", "place": "München"}
    for organisation, seat in ((ORGANISATION, SEAT), (OTHERS, theirs)):
        entry = Entry(**seat)
        await holders.enter(organisation, entry, f"owner@{organisation}.example")
    _, today = numbering.now()
    for organisation, ids in ((ORGANISATION, house.own), (OTHERS, house.foreign)):
        number = await active(numbering, organisation, "one")
        paper = Paper(
            kind=DocumentKind.REGISTER_EXTRACT,
            file_name="auszug.pdf",
            content=b"%PDF-1.7",
            dated=today,
        )
        document = await holders.hand_in(organisation, paper, f"owner@{organisation}.example")
        ids |= {
            "number": number.e164[1:],
            "holder": organisation,
            "document_id": document.document_id,
        }
    await ordered(numbering, ORGANISATION, "two")
    over = await active(numbering, ORGANISATION, "three")
    await Allocation(numbering).deactivate(over.e164, "Kampagne vorbei", "owner@sternlicht.example")
    refused = Paper(
        kind=DocumentKind.TRADE_LICENCE, file_name="a.png", content=b"\x89PNG", dated=today
    )
    document = await holders.hand_in(ORGANISATION, refused, "owner@sternlicht.example")
    await holders.check(
        ORGANISATION, document.document_id, Verdict.REFUSED, "unleserlich", "grace@operator.example"
    )
