"""An engine at work, with all that it works with."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from engine.app.health import expect, expecting, open_health
from engine.app.parts import (
    end,
    files_of,
    follow_the_law,
    keep_private,
    open_ledger,
    open_store,
    own_asterisk,
    own_in,
    reloading,
    sounds_of,
)
from engine.app.plan import Plan, WebPlan
from engine.app.site import (
    Accounts,
    Back,
    configuration_of,
    directory_of,
    open_hits,
    open_sender,
    open_site,
    tracked_of,
)
from engine.asterisk.agi import AgiServer, Lookups
from engine.asterisk.dialplan import endpoint_of, endpoint_of_number
from engine.asterisk.etc.files import AsteriskFiles
from engine.asterisk.process import Access
from engine.asterisk.telephony import AriTelephony
from engine.core.inventory import Inventory
from engine.core.phrasing import Catalogue
from engine.flows.clock import SystemClock
from engine.flows.diversion.directory import Directory
from engine.flows.engine import Engine
from engine.flows.hearing import go_along, prepare
from engine.flows.lookups import Dialplan
from engine.flows.mails.sender import MailSender
from engine.flows.money.relay import Relay
from engine.flows.numbers.daily import Daily as NumbersDaily
from engine.flows.numbers.numbering import Numbering, read_areas
from engine.flows.orders import House
from engine.flows.payments.asking import Asking
from engine.flows.probing.judging import Judging
from engine.flows.probing.placing import Placing as Probing
from engine.flows.retention.daily import Daily
from engine.flows.statement.monthly import Monthly
from engine.flows.tracked.destroying import Destroyer
from engine.flows.verification.codes import Codes
from engine.flows.verification.sessions import Sessions
from engine.flows.verification.verifier import Verifier
from engine.flows.versions.configuration import Configuration, Opening, begin
from engine.flows.versions.preparing import Preparer
from engine.flows.versions.view import View
from engine.flows.versions.watching import Watcher
from engine.ledger.mails.sql import SqlMails
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.probing.sql import SqlProbes
from engine.ledger.reading.sql import SqlKeeping
from engine.ledger.sql import SqlLedger
from engine.ledger.statements.sql import SqlStatements
from engine.ledger.verifications.sql import SqlVerifications
from engine.metrics import PrometheusMetrics
from engine.ports.metrics import Metrics
from engine.post.smtp import SmtpPostman
from engine.speech.studio import LibraryStudio
from engine.store.valkey import ValkeyStore
from engine.web.server import listen, serving


@dataclass(frozen=True, slots=True)
class Running:
    """An engine at work, and what it works with; `files` where Asterisk's can be changed.

    `opening` is the version it began with, None where the plan had an inventory of its own. What
    has to go along with another version subscribes to `view`.
    """

    engine: Engine
    house: House
    access: Access
    files: AsteriskFiles | None
    agi_port: int
    web_port: int
    health_port: int
    view: View
    opening: Opening | None
    work: "asyncio.Task[None]"
    verifier: Verifier | None


@asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[Running]:
    """An engine at work until the block is left; raises what it cannot start with."""
    async with AsyncExitStack() as stack:
        keep_private(plan.folder)
        clock, metrics = SystemClock(), PrometheusMetrics()
        ledger = await open_ledger(plan.database, stack, metrics)
        sounds = sounds_of(plan.sounds, plan.rendered)
        configuration = configuration_of(ledger, clock, sounds, lambda: sounds.catalogues)
        inventory, opening = await _began_with(plan, configuration)
        expect(metrics, inventory)
        view = View(inventory)
        view.subscribe(expecting(metrics))
        await follow_the_law(view, sounds.catalogues)
        await prepare(inventory, sounds)
        store = await open_store(plan, stack, metrics)
        access = plan.access or await own_asterisk(plan, inventory, sounds, stack)
        files, lacking = await files_of(plan, access, inventory)
        telephony = await stack.enter_async_context(
            AriTelephony.connected(access, plan.app, metrics)
        )
        numbering = _numbering(plan, ledger, clock)
        house = House(
            telephony=telephony,
            store=store,
            ledger=ledger,
            sounds=sounds,
            clock=clock,
            relay=Relay(ledger, store, clock, metrics),
            inventory=view.inventory,
            endpoint_of=endpoint_of,
            endpoint_of_number=endpoint_of_number,
            engine=plan.engine,
            metrics=metrics,
            sessions=_sessions(plan, ledger, store, clock, metrics),
            directory=_directory(plan, ledger, clock),
            judging=Judging(SqlProbes(ledger), store, numbering, view.inventory, metrics),
        )
        engine, work = await _at_work(house, stack)
        verifier = _verifier(house, engine, store, stack)
        agi = await _agi(plan, house, stack)
        _statements(plan, house, ledger, stack)
        _retention(house, ledger, stack)
        _numbers(numbering, stack)
        _probes(house, engine, store, stack)
        web_port = 0
        if plan.web is not None and verifier is not None:
            studio = LibraryStudio(sounds)
            back = Back(house, ledger, studio, numbering, verifier, configuration, files)
            web_port = await _pages(plan.web, back, view, sounds.catalogues, stack)
        health_port = await open_health(
            plan.health_host, plan.health_port, metrics, engine, house, view, stack
        )
        if files is not None:
            # The last to go along: whoever else refuses has done so before Asterisk is touched.
            view.subscribe(reloading(files, behind=bool(lacking)))
        if opening is not None:
            _keep_up(configuration, view, house, files, lacking, stack)
        yield Running(
            engine=engine,
            house=house,
            access=access,
            files=files,
            agi_port=agi.port,
            web_port=web_port,
            health_port=health_port,
            view=view,
            opening=opening,
            work=work,
            verifier=verifier,
        )


async def _at_work(house: House, stack: AsyncExitStack) -> tuple[Engine, "asyncio.Task[None]"]:
    """The engine, once it takes calls, and its work."""
    engine = Engine(house)
    work = asyncio.create_task(engine.run(), name="engine")
    stack.push_async_callback(end, work)
    await engine.ready.wait()
    return engine, work


async def _began_with(plan: Plan, configuration: Configuration) -> tuple[Inventory, Opening | None]:
    """What the engine begins with: the plan's own inventory, or the version in force."""
    own = own_in(plan.own_dialplan)
    if plan.inventory is not None:
        return replace(plan.inventory, own_dialplan=own), None
    opening = await begin(configuration, plan.config, plan.engine, own)
    return opening.inventory, opening


def _keep_up(
    configuration: Configuration,
    view: View,
    house: House,
    files: AsteriskFiles | None,
    lacking: str,
    stack: AsyncExitStack,
) -> None:
    """Follow whatever version is put in force."""
    watcher = Watcher(
        configuration,
        view,
        partial(go_along, sounds=house.sounds),
        house.clock,
        house.engine,
        asterisk=files is not None,
        lacking=lacking,
    )
    stack.push_async_callback(watcher.close)
    watching = asyncio.create_task(watcher.run(), name="configuration")
    stack.push_async_callback(end, watching)
    preparer = Preparer(configuration, view, house.sounds, house.clock, house.engine)
    preparing = asyncio.create_task(preparer.run(), name="proposals")
    stack.push_async_callback(end, preparing)


def _sessions(
    plan: Plan, ledger: SqlLedger, store: ValkeyStore, clock: SystemClock, metrics: Metrics
) -> Sessions | None:
    """The verifications in the books; none without the secret that their codes are made with."""
    if plan.web is None:
        return None
    codes = Codes(bytes.fromhex(plan.web.secret))
    return Sessions(SqlVerifications(ledger), store, codes, clock, metrics)


def _directory(plan: Plan, ledger: SqlLedger, clock: SystemClock) -> Directory:
    """Where calls go; callers of tracked numbers are counted with keys that the secret seals."""
    tracked = tracked_of(plan.web, ledger) if plan.web is not None else None
    return directory_of(ledger, tracked, clock)


def _verifier(
    house: House, engine: Engine, store: ValkeyStore, stack: AsyncExitStack
) -> Verifier | None:
    """Place verification calls, and see to what is due."""
    if house.sessions is None:
        return None
    verifier = Verifier(house, engine.calls, house.sessions, store)
    seeing = asyncio.create_task(verifier.run(), name="verifications")
    stack.push_async_callback(end, seeing)
    return verifier


def _statements(plan: Plan, house: House, ledger: SqlLedger, stack: AsyncExitStack) -> None:
    """File the statements of profiles and merchants when a month is over."""
    monthly = Monthly(
        SqlStatements(ledger),
        SqlVerifications(ledger),
        house.inventory,
        house.clock,
        plan.statements or plan.folder / "statements",
        house.metrics,
    )
    filing = asyncio.create_task(monthly.run(), name="statements")
    stack.push_async_callback(end, filing)


def _retention(house: House, ledger: SqlLedger, stack: AsyncExitStack) -> None:
    """Let go once a day of what may be kept no longer."""
    daily = Daily(SqlKeeping(ledger), lambda: house.inventory().policy, house.clock)
    stack.push_async_callback(end, asyncio.create_task(daily.run(), name="retention"))


async def _agi(plan: Plan, house: House, stack: AsyncExitStack) -> AgiServer:
    """Answer what the operator's own dialplan asks."""
    asked = Dialplan(house.ledger, house.store, house.inventory)
    lookups = Lookups(balance=asked.balance, quote=asked.quote)
    return await stack.enter_async_context(AgiServer(lookups, plan.agi_host, plan.agi_port))


def _probes(house: House, engine: Engine, store: ValkeyStore, stack: AsyncExitStack) -> None:
    """Call the numbers to see that they live."""
    assert house.judging is not None
    probing = Probing(house.judging, engine.calls, store, house.metrics)
    stack.push_async_callback(end, asyncio.create_task(probing.run(), name="probes"))


def _numbering(plan: Plan, ledger: SqlLedger, clock: SystemClock) -> Numbering:
    """What numbers are given out with."""
    mailing = plan.web is not None and plan.web.mail is not None
    return Numbering(SqlNumbers(ledger), read_areas(), clock, plan.numbers, mailing=mailing)


def _numbers(numbering: Numbering, stack: AsyncExitStack) -> None:
    """Do each day's work on numbers."""
    work = asyncio.create_task(NumbersDaily(numbering).run(), name="numbers")
    stack.push_async_callback(end, work)


def _tracked(web: WebPlan, house: House, ledger: SqlLedger, stack: AsyncExitStack) -> None:
    """Destroy the keys that are due, send what mails there are, tell web analytics of calls."""
    destroyer = Destroyer(tracked_of(web, ledger), house.clock)
    stack.push_async_callback(end, asyncio.create_task(destroyer.run(), name="tracking keys"))
    if web.mail is not None:
        postman = SmtpPostman(web.mail)
        sender = MailSender(SqlMails(ledger), postman, house.clock, metrics=house.metrics)
        stack.push_async_callback(end, asyncio.create_task(sender.run(), name="mails"))
    hits = open_hits(web, ledger, house.clock, stack)
    stack.push_async_callback(end, asyncio.create_task(hits.run(), name="analytics"))


async def _pages(
    web: WebPlan,
    back: Back,
    view: View,
    catalogues: Mapping[str, Catalogue],
    stack: AsyncExitStack,
) -> int:
    """Serve the pages, and ask providers; the port that is listened on."""
    house = back.house
    listener = listen(web.host, web.port)
    stack.callback(listener.close)
    port: int = listener.getsockname()[1]
    accounts = Accounts(house.inventory, web.secrets)
    stack.push_async_callback(accounts.close)
    view.subscribe(accounts.follow)
    site = await open_site(web, port, back, accounts, catalogues, stack)
    await site.signing_in.factors.hide_all()
    asking = asyncio.create_task(Asking(site.till, house.clock).run(), name="asking")
    stack.push_async_callback(end, asking)
    _tracked(web, house, back.ledger, stack)
    sender = open_sender(web, back.ledger, house.clock, stack, house.metrics)
    stack.push_async_callback(end, asyncio.create_task(sender.run(), name="webhooks"))
    await stack.enter_async_context(serving(site, listener))
    return port
