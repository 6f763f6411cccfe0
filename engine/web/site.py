"""What the pages and interfaces are about, as `app` hands it in."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from engine.core.inventory import Inventory
from engine.flows.access import People, SigningIn
from engine.flows.agents import Staff
from engine.flows.keys import KeyRing
from engine.flows.live import Control, Live
from engine.flows.money.movements import Money
from engine.flows.numbers.desk import Desk
from engine.flows.payments.seals import Seal
from engine.flows.payments.till import Till
from engine.flows.webhooks import Webhooks
from engine.ports.audit import Audit
from engine.ports.clock import Clock
from engine.ports.ledger import Ledger
from engine.ports.operators import Answers, Customers
from engine.ports.people.callers import Callers
from engine.ports.store import Store
from engine.web.guard import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One engine's pages; `origin` is where the world reaches them (`https://pay.example.org`)."""

    till: Till
    ledger: Ledger
    store: Store
    money: Money
    inventory: Callable[[], Inventory]
    clock: Clock
    seal: Seal
    guard: Guard
    origin: str
    keys: KeyRing
    answers: Answers
    customers: Customers
    live: Live
    control: Control
    staff: Staff
    callers: Callers
    people: People
    signing_in: SigningIn
    audit: Audit
    webhooks: Webhooks
    desk: Desk


SITE = web.AppKey("SITE", Site)
