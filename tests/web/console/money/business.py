"""A little business for pages: customers with money, calls, a withheld number, a refused call."""

from dataclasses import replace

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.course import Heard
from engine.core.money import MICROS, Rounding
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.core.rating import Rate
from engine.core.tariff import BillingStart, Increment, StartsFrom
from tests.web.console.house import House
from tests.web.site import LANDLINE, ORGANISATION, PROFILE

WITHHELD = "+498912345777"
MINUTE_MS = 60_000
PRICE_MICROS = 1_990_000


async def account(
    house: House, e164: str, micros: int = 0, organisation: str = ORGANISATION, key: str = ""
) -> str:
    """The account of a number, with money paid in."""
    profile = PROFILE if organisation == ORGANISATION else "bolt-eur"
    ledger = house.bench.site.ledger
    account_id = (await ledger.open_account(organisation, profile, e164, "EUR")).account_id
    if micros:
        entry = Entry(
            key=f"paid:{key or e164}",
            kind=EntryKind.TOP_UP,
            currency="EUR",
            postings=(
                Posting(customer(account_id), micros),
                Posting(f"provider:{profile}.scripted", -micros),
            ),
            at_ms=house.bench.site.clock.now().wall_ms,
            reason="order",
            author="payments",
        )
        for posting in await ledger.post(entry):
            await house.bench.store.apply(posting)
    return account_id


def call(house: House, call_id: str, account_id: str | None, minutes: int = 3) -> CallRecord:
    """A call that has just ended, after so many minutes of conversation, charged whole."""
    ended_ms = house.bench.site.clock.now().wall_ms
    joined_ms = ended_ms - minutes * MINUTE_MS
    rate = Rate(PRICE_MICROS, None, None, Increment(60, 60), 0, Rounding(), 60)
    return CallRecord(
        call_id=call_id,
        organisation=ORGANISATION,
        service="sternlicht",
        config_version=1,
        profile=PROFILE,
        did="+493023125000",
        trunk="north",
        received_identity=f"<sip:{LANDLINE}@north.example>",
        e164=LANDLINE,
        verified=True,
        withheld=False,
        line="landline",
        account_id=account_id,
        currency="EUR",
        rate=rate,
        billing_start=BillingStart(StartsFrom.CONVERSATION, 0),
        first_call=False,
        arrived_ms=joined_ms - 14_000,
        answered_ms=joined_ms - 13_000,
        joined_ms=joined_ms,
        ended_ms=ended_ms,
        wait_ms=13_000,
        talk_ms=minutes * MINUTE_MS,
        charged_s=minutes * 60,
        charge_micros=minutes * PRICE_MICROS,
        disposition=Disposition.CALLER_HUNG_UP,
        refusal=None,
        agents=("anna",),
        prompts=(
            Heard(joined_ms - 13_000, "caller", "welcome"),
            Heard(joined_ms - 9_000, "caller", "minutes_left-m2"),
            Heard(joined_ms - 1_000, "agent", "whisper_agent-r0"),
            Heard(ended_ms - 60_000, "caller", "warning_caller-s60"),
        ),
    )


def refused(
    house: House, call_id: str, refusal: Refusal, e164: str | None = LANDLINE
) -> CallRecord:
    """A call that was refused."""
    ended_ms = house.bench.site.clock.now().wall_ms
    return replace(
        call(house, call_id, None),
        e164=e164,
        rate=None,
        billing_start=None,
        line=None,
        arrived_ms=ended_ms - 4_000,
        answered_ms=None,
        joined_ms=None,
        wait_ms=0,
        talk_ms=0,
        charged_s=0,
        charge_micros=0,
        disposition=Disposition.REFUSED,
        refusal=refusal,
        agents=(),
        prompts=(Heard(ended_ms - 2_000, "caller", "balance_too_low"),),
    )


async def settle_call(house: House, record: CallRecord) -> None:
    """Book a call."""
    for posting in await house.bench.site.ledger.settle(record):
        await house.bench.store.apply(posting)


def euros(units: int) -> int:
    return units * MICROS
