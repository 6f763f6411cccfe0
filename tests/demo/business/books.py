"""Months of business: customers who pay in and talk, from one seed, so that every demo is alike."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.inventory import Inventory, Service
from engine.core.money import MICROS
from engine.core.number import classify
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.core.rating import charge, elapsed_ms, increments_begun, seconds_of
from engine.core.tariff import Line, rate_for
from engine.ledger.sql import SqlLedger
from engine.ports.ledger import Account
from engine.ports.store import StorePosting

SEED = 1516
DAYS = 120
DAY_MS = 86_400_000
CUSTOMERS = 90
APPLIED_AT_ONCE = 200
TALK_S_MEAN = 240
TALK_S_MOST = 1_800
REFUSED_OF_100 = 8
PAID_IN = (10 * MICROS, 20 * MICROS, 50 * MICROS)
NUMBERS = ("+493023125{:03d}", "+496990009{:03d}", "+494066969{:03d}", "+4917139200{:02d}")
"""Numbers that nobody has: the regulator keeps them for films."""


@dataclass(slots=True)
class Customer:
    """A customer of a profile; the balance is what the books say, in micro-units."""

    account: Account
    e164: str
    balance_micros: int = 0


@dataclass
class History:
    """Writes the months into empty books. Nothing goes to a store: calls fetch what they need.

    There are so many `calls`; `tell` hears of every one that is written."""

    ledger: SqlLedger
    inventory: Inventory
    now_ms: int
    calls: int
    tell: Callable[[], None]

    def __post_init__(self) -> None:
        self._chance = random.Random(SEED)
        self._posted: list[StorePosting] = []

    async def write(self) -> None:
        """All of it."""
        customers = {
            profile.name: [await self._customer(profile.name, n) for n in range(CUSTOMERS)]
            for profile in self.inventory.profiles
        }
        ends = sorted(self._chance.randrange(DAYS * DAY_MS) for _ in range(self.calls))
        for number, end in enumerate(ends):
            service = self._chance.choice(self.inventory.services)
            caller = self._chance.choice(customers[service.profile])
            ended_ms = self.now_ms - DAYS * DAY_MS + end
            await self._call(f"demo-{number}", service, caller, ended_ms)
            self.tell()
        for first in range(0, len(self._posted), APPLIED_AT_ONCE):
            await self.ledger.mark_applied(self._posted[first : first + APPLIED_AT_ONCE])

    async def _customer(self, profile: str, number: int) -> Customer:
        found = self.inventory.profile(profile)
        assert found is not None
        form = NUMBERS[number % len(NUMBERS)]
        e164 = form.format(300 + number if "03d" in form else number)
        account = await self.ledger.open_account(found.organisation, profile, e164, found.currency)
        return Customer(account, e164)

    async def _call(self, call_id: str, service: Service, caller: Customer, ended_ms: int) -> None:
        """A call, and what the caller had to pay in before it."""
        agents = self._agents(service)
        talk_ms = round(min(self._chance.expovariate(1 / TALK_S_MEAN), TALK_S_MOST) * 1000)
        if self._chance.randrange(100) < REFUSED_OF_100:
            talk_ms = 0
        record = record_of(call_id, service, caller, agents, ended_ms, talk_ms)
        while caller.balance_micros < record.charge_micros:
            await self._pay_in(call_id, caller, record.arrived_ms - 3_600_000)
        self._posted += await self.ledger.settle(record)
        caller.balance_micros -= record.charge_micros

    def _agents(self, service: Service) -> tuple[str, ...]:
        group = self.inventory.group(service.group)
        assert group is not None
        return (self._chance.choice(group.agents),)

    async def _pay_in(self, before: str, caller: Customer, at_ms: int) -> None:
        micros = self._chance.choice(PAID_IN)
        entry = Entry(
            key=f"demo:{before}:{caller.balance_micros}",
            kind=EntryKind.TOP_UP,
            currency=caller.account.currency,
            postings=(
                Posting(customer(caller.account.account_id), micros),
                Posting("provider:manual", -micros),
            ),
            at_ms=at_ms,
            reason="Überweisung",
            author="manual",
        )
        self._posted += await self.ledger.post(entry)
        caller.balance_micros += micros


def record_of(
    call_id: str,
    service: Service,
    caller: Customer,
    agents: tuple[str, ...],
    ended_ms: int,
    talk_ms: int,
) -> CallRecord:
    """The record of a call that was talked so long; one of 0 ms was refused for want of money."""
    line = classify(caller.e164, None).line or Line.OTHER
    rate = rate_for(service.tariff, line, first_call=False)
    start, refused = service.tariff.billing_start, talk_ms == 0
    n = 0 if refused else increments_begun(rate, elapsed_ms(start, 0, talk_ms))
    joined_ms = ended_ms - talk_ms
    return CallRecord(
        call_id=call_id,
        organisation=service.organisation,
        service=service.name,
        config_version=1,
        profile=service.profile,
        did=service.dids[0],
        trunk="carrier",
        received_identity=caller.e164,
        e164=caller.e164,
        verified=True,
        withheld=call_id.endswith("7"),
        line=line,
        account_id=caller.account.account_id,
        currency=service.tariff.currency,
        rate=None if refused else rate,
        billing_start=None if refused else start,
        first_call=False,
        arrived_ms=joined_ms - 25_000,
        answered_ms=None if refused else joined_ms - 8_000,
        joined_ms=None if refused else joined_ms,
        ended_ms=ended_ms,
        wait_ms=0,
        talk_ms=talk_ms,
        charged_s=0 if refused else seconds_of(rate, n),
        charge_micros=0 if refused else charge(rate, n),
        disposition=Disposition.REFUSED if refused else Disposition.CALLER_HUNG_UP,
        refusal=Refusal.BALANCE_TOO_LOW if refused else None,
        agents=() if refused else agents,
    )
