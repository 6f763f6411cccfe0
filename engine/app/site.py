"""The pages' wiring: providers from the operator's files, secrets from theirs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from engine.app.plan import WebPlan
from engine.core.inventory import Inventory, ProviderTerms
from engine.core.phrasing import Catalogue
from engine.errors import CallerError
from engine.flows.access import People, SigningIn
from engine.flows.agents import Staff
from engine.flows.analytics.collecting import Collecting
from engine.flows.analytics.sender import HitSender
from engine.flows.config.words.wording import Texts
from engine.flows.dialplan.own import OwnDialplan
from engine.flows.diversion.directory import Directory
from engine.flows.diversion.routing import Routing
from engine.flows.keys import KeyRing
from engine.flows.live import Control, Live
from engine.flows.money.movements import Money
from engine.flows.money.relay import Relay
from engine.flows.numbers.numbering import Numbering
from engine.flows.orders import House
from engine.flows.payments.seals import Seal
from engine.flows.payments.till import Providers, Till
from engine.flows.proof.proof import Signer as ProofSigner
from engine.flows.replay.runs import Runs
from engine.flows.verification.tokens import Tokens
from engine.flows.verification.verifier import Verifier
from engine.flows.versions.configuration import Configuration
from engine.flows.webhooks import Sender, Signer, Webhooks
from engine.ledger.analytics.sql import SqlCollectors
from engine.ledger.api.sql import SqlAnswers, SqlCustomers, SqlKeys
from engine.ledger.callers import SqlCallers
from engine.ledger.diversion.sql import SqlForwarded, SqlRoutes
from engine.ledger.numbers.cases import SqlCases
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.payments.sql import SqlOrders, SqlSuspense
from engine.ledger.probing.sql import SqlProbes
from engine.ledger.reading.sql import (
    SqlKeeping,
    SqlKin,
    SqlMarks,
    SqlRecords,
    SqlSums,
    SqlTransactions,
)
from engine.ledger.replays.sql import SqlReplays
from engine.ledger.sql import SqlLedger
from engine.ledger.statements.sql import SqlStatements
from engine.ledger.tracked.sql import SqlTracked
from engine.ledger.users.sql import SqlAudit, SqlSessions, SqlUsers
from engine.ledger.verifications.sql import SqlVerifications
from engine.ledger.versions.sql import SqlVersions
from engine.ledger.webhooks.sql import SqlDeliveries, SqlEndpoints
from engine.payments.registry import open_provider, option_forms
from engine.ports.clock import Clock
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.payments import Provider
from engine.ports.speech import Sounds, Studio
from engine.post.http import HttpPost
from engine.web.guard import Guard
from engine.web.site import Reading, Site

REFERENCE = "secret:"
VALUE_BYTES_MOST = 10_000


class Accounts:
    """The profiles' accounts with providers (or with the one provider `only`).

    Called, it gives those of the version in use. Those of the version before stay open until the
    next, so that what is under way ends with the account it began with.
    """

    def __init__(self, inventory: Callable[[], Inventory], secrets: Path, only: str = "") -> None:
        """Raises as `open_providers`."""
        self._inventory = inventory
        self._secrets = secrets
        self._only = only
        self._of_version: dict[int, dict[tuple[str, str], Provider]] = {}
        first = inventory()
        self._of_version[first.version] = dict(open_providers(first, secrets, only))

    def __call__(self) -> Providers:
        return self._of_version[self._inventory().version]

    async def follow(self, old: Inventory, new: Inventory) -> None:
        """Open the accounts of a new version; `CallerError` as `open_providers`."""
        if new.version not in self._of_version:
            self._of_version[new.version] = await self._opened(new)
        for number in self._of_version.keys() - {old.version, new.version}:
            await _close(self._of_version.pop(number))

    async def close(self) -> None:
        """Close all of them."""
        for providers in self._of_version.values():
            await _close(providers)

    async def _opened(self, inventory: Inventory) -> dict[tuple[str, str], Provider]:
        opened: dict[tuple[str, str], Provider] = {}
        try:
            opened.update(open_providers(inventory, self._secrets, self._only))
        except CallerError:
            await _close(opened)
            raise
        return opened


async def _close(providers: Providers) -> None:
    for provider in providers.values():
        await provider.close()


@dataclass(frozen=True, slots=True)
class Back:
    """What is behind the pages: an engine's house, its books, and what of it pages change."""

    house: House
    ledger: SqlLedger
    studio: Studio
    numbering: Numbering
    verifier: Verifier
    configuration: Configuration
    dialplan: OwnDialplan | None


async def open_site(
    web: WebPlan,
    port: int,
    back: Back,
    accounts: Accounts,
    catalogues: Mapping[str, Catalogue],
    stack: AsyncExitStack,
) -> Site:
    """All that the pages work with."""
    house, ledger = back.house, back.ledger
    origin = web.origin or f"http://{web.host}:{port}"
    till = await open_till(
        web,
        origin,
        ledger,
        house.relay,
        house.inventory,
        house.clock,
        accounts,
        stack,
        house.metrics,
    )
    live, callers = Live(house.store, house.clock), SqlCallers(ledger)
    stack.push_async_callback(live.close)
    replays = Runs(SqlReplays(ledger), ledger, house.clock)
    stack.push_async_callback(replays.close)
    people = People(SqlUsers(ledger), SqlSessions(ledger), house.clock)
    tracked = tracked_of(web, ledger)
    signing_in = SigningIn(people, till.seal)
    return Site(
        till=till,
        ledger=ledger,
        store=house.store,
        money=Money(ledger, house.store, house.clock),
        inventory=house.inventory,
        clock=house.clock,
        seal=till.seal,
        guard=Guard(web.proxies),
        origin=origin,
        keys=KeyRing(SqlKeys(ledger), house.clock),
        answers=SqlAnswers(ledger),
        customers=SqlCustomers(ledger),
        live=live,
        control=Control(house.store, house.clock),
        staff=Staff(house.store, live, callers, house.inventory, house.clock),
        callers=callers,
        people=people,
        signing_in=signing_in,
        audit=SqlAudit(ledger),
        webhooks=webhooks_of(web, ledger, house.clock),
        configuration=back.configuration,
        sounds=house.sounds,
        catalogues=catalogues,
        dialplan=back.dialplan,
        phones=house.telephony,
        studio=back.studio,
        numbering=back.numbering,
        cases=SqlCases(ledger),
        routing=routing_of(ledger, house.sounds, house.clock),
        reading=reading_of(ledger),
        signer=ProofSigner(bytes.fromhex(web.secret)),
        manager_limit_micros=web.manager_limit_micros,
        verifier=back.verifier,
        tokens=Tokens(bytes.fromhex(web.secret), origin),
        replays=replays,
        tracked=tracked,
        collecting=collecting_of(ledger, till.seal, house.clock, loopback=web.webhook_loopback),
        directory=directory_of(ledger, tracked, house.clock),
        probes=SqlProbes(ledger),
    )


def tracked_of(web: WebPlan, ledger: SqlLedger) -> SqlTracked:
    """The tracking calls beside a ledger."""
    return SqlTracked(ledger, bytes.fromhex(web.secret), mailing=web.mail is not None)


def collecting_of(
    ledger: SqlLedger, seal: Seal, clock: Clock, *, loopback: bool = False
) -> Collecting:
    """Who is told of tracking calls, beside a ledger."""
    collectors = SqlCollectors(ledger, lambda: clock.now().wall_ms)
    return Collecting(collectors, seal, loopback=loopback)


def reading_of(ledger: SqlLedger) -> Reading:
    """What is looked up in these books."""
    return Reading(
        records=SqlRecords(ledger),
        transactions=SqlTransactions(ledger),
        marks=SqlMarks(ledger),
        sums=SqlSums(ledger),
        kin=SqlKin(ledger),
        suspense=SqlSuspense(ledger),
        keeping=SqlKeeping(ledger),
        statements=SqlStatements(ledger),
        verifications=SqlVerifications(ledger),
    )


def configuration_of(
    ledger: SqlLedger, clock: Clock, sounds: Sounds | None = None, texts: Texts = dict
) -> Configuration:
    """The versions of the operator's files; an engine's `sounds` judge what could be said, `texts`
    are what announcements say."""
    versions, numbers = SqlVersions(ledger), SqlNumbers(ledger)
    return Configuration(versions, clock, option_forms(), numbers, sounds, texts)


def routing_of(ledger: SqlLedger, sounds: Sounds, clock: Clock) -> Routing:
    """Where the numbers of this ledger's stock lead."""
    numbers, routes = SqlNumbers(ledger), SqlRoutes(ledger)
    return Routing(numbers, routes, SqlForwarded(ledger), sounds, clock)


def directory_of(ledger: SqlLedger, tracked: SqlTracked | None, clock: Clock) -> Directory:
    """Where the calls to each number of the stock go; `tracked` counts those to tracked ones."""
    numbers, routes = SqlNumbers(ledger), SqlRoutes(ledger)
    return Directory(numbers, routes, SqlForwarded(ledger), tracked, clock)


def webhooks_of(web: WebPlan, ledger: SqlLedger, clock: Clock) -> Webhooks:
    """Webhooks beside a ledger."""
    return Webhooks(
        SqlEndpoints(ledger),
        SqlDeliveries(ledger),
        Signer(bytes.fromhex(web.secret)),
        clock,
        loopback=web.webhook_loopback,
    )


def open_sender(
    web: WebPlan,
    ledger: SqlLedger,
    clock: Clock,
    stack: AsyncExitStack,
    metrics: Metrics = UNMEASURED,
) -> Sender:
    """What brings webhooks to their endpoints."""
    post = HttpPost(loopback=web.webhook_loopback)
    stack.push_async_callback(post.close)
    signer = Signer(bytes.fromhex(web.secret))
    return Sender(SqlDeliveries(ledger), post, signer, SqlAudit(ledger), clock, metrics=metrics)


def open_hits(web: WebPlan, ledger: SqlLedger, clock: Clock, stack: AsyncExitStack) -> HitSender:
    """What tells web analytics of tracking calls."""
    post = HttpPost(loopback=web.webhook_loopback)
    stack.push_async_callback(post.close)
    collectors = SqlCollectors(ledger, lambda: clock.now().wall_ms)
    return HitSender(collectors, post, Seal(bytes.fromhex(web.secret)), clock)


async def open_till(
    web: WebPlan,
    origin: str,
    ledger: SqlLedger,
    relay: Relay,
    inventory: Callable[[], Inventory],
    clock: Clock,
    accounts: Accounts,
    stack: AsyncExitStack,
    metrics: Metrics = UNMEASURED,
) -> Till:
    """A till with these accounts."""
    till = Till(
        orders=SqlOrders(ledger),
        ledger=ledger,
        relay=relay,
        providers=accounts,
        inventory=inventory,
        clock=clock,
        seal=Seal(bytes.fromhex(web.secret)),
        origin=origin,
        metrics=metrics,
    )
    stack.push_async_callback(till.close)
    return till


def open_providers(
    inventory: Inventory, secrets: Path, only: str = ""
) -> Iterator[tuple[tuple[str, str], Provider]]:
    """Every profile's accounts with providers (or the one provider `only`), by the names of both.

    Raises `CallerError` with the field as it stands in the operator's files.
    """
    for profile in inventory.profiles:
        for terms in profile.providers:
            if only not in ("", terms.provider):
                continue
            place = f"profiles.{profile.name}.providers.{terms.provider}"
            try:
                options = _options(terms, secrets)
                provider = open_provider(terms.provider, options, profile.name)
            except CallerError as fault:
                raise CallerError(f"{place}: {fault.field}: {fault}", place) from fault
            yield (profile.name, terms.provider), provider


def _options(terms: ProviderTerms, secrets: Path) -> dict[str, str]:
    return {name: _plain(name, value, secrets) for name, value in terms.options}


def _plain(option: str, value: str, secrets: Path) -> str:
    """An option's value; where it names a secret, what the file of that name holds."""
    if not value.startswith(REFERENCE):
        return value
    name = value.removeprefix(REFERENCE)
    file = secrets / name
    if not name or "/" in name or name.startswith("."):
        raise CallerError("must name a file of the secrets folder", option)
    try:
        with file.open("rb") as opened:
            text = opened.read(VALUE_BYTES_MOST).decode().strip()
    except (OSError, UnicodeDecodeError):
        raise CallerError(f"the secret {name} cannot be read from {secrets}", option) from None
    if not text:
        raise CallerError(f"the secret {name} is empty", option)
    return text
