"""What the pages and interfaces are about, as `app` hands it in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from engine.core.inventory import Inventory
from engine.core.phrasing import Catalogue
from engine.flows.access import People, SigningIn
from engine.flows.agents import Staff
from engine.flows.analytics.collecting import Collecting
from engine.flows.dialplan.own import OwnDialplan
from engine.flows.diversion.directory import Directory
from engine.flows.diversion.routing import Routing
from engine.flows.keys import KeyRing
from engine.flows.live import Control, Live
from engine.flows.money.movements import Money
from engine.flows.numbers.numbering import Numbering
from engine.flows.payments.seals import Seal
from engine.flows.payments.till import Till
from engine.flows.proof.proof import Signer
from engine.flows.replay.runs import Runs
from engine.flows.verification.tokens import Tokens
from engine.flows.verification.verifier import Verifier
from engine.flows.versions.configuration import Configuration
from engine.flows.webhooks import Webhooks
from engine.ports.audit import Audit
from engine.ports.cases import Cases
from engine.ports.clock import Clock
from engine.ports.ledger import Ledger
from engine.ports.operators import Answers, Customers
from engine.ports.people.callers import Callers
from engine.ports.probes import Probes
from engine.ports.reading.kin import Kin
from engine.ports.reading.marks import Marks
from engine.ports.reading.records import Records
from engine.ports.reading.retention import Keeping
from engine.ports.reading.sums import Sums
from engine.ports.reading.suspense import Suspense
from engine.ports.reading.transactions import Transactions
from engine.ports.speech import Sounds, Studio
from engine.ports.statements import Statements
from engine.ports.store import Store
from engine.ports.telephony import Phones
from engine.ports.tracked import Tracked
from engine.ports.verifications import Verifications
from engine.web.guard import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is looked up in the books."""

    records: Records
    transactions: Transactions
    marks: Marks
    sums: Sums
    kin: Kin
    suspense: Suspense
    keeping: Keeping
    statements: Statements
    verifications: Verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One engine's pages; `origin` is where the world reaches them (`https://pay.example.org`).

    `manager_limit_micros` is the most that one who may move limited amounts moves at a time.
    """

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
    numbering: Numbering
    cases: Cases
    routing: Routing
    configuration: Configuration
    sounds: Sounds
    studio: Studio
    phones: Phones
    catalogues: Mapping[str, Catalogue]
    dialplan: OwnDialplan | None = None
    reading: Reading
    signer: Signer
    manager_limit_micros: int
    verifier: Verifier
    tokens: Tokens
    replays: Runs
    tracked: Tracked
    collecting: Collecting
    directory: Directory
    probes: Probes


SITE = web.AppKey("SITE", Site)
