"""After calls nothing that was written gives a caller's number away: no table, file, backup, log,
mail, report, nor the store, which these calls never reach. What is planted for it is found, each in
its place.
"""

import base64
import hashlib
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
import structlog
from redis import Redis
from sqlalchemy import update
from sqlalchemy.engine import make_url

from engine import logs
from engine.core.analytics.collector import Collector, Program
from engine.core.mail import Mail
from engine.core.tracked import Outcome, Terms
from engine.flows.analytics.collecting import Collecting
from engine.flows.analytics.sender import HitSender
from engine.flows.clock import SystemClock
from engine.flows.mails.sender import MailSender
from engine.flows.payments.seals import Seal
from engine.flows.tracked.report import Against, Wish, report
from engine.flows.tracked.rules import Days
from engine.flows.tracked.sheet import csv_text, text, values
from engine.ledger.analytics.sql import SqlCollectors
from engine.ledger.mails.sql import SqlMails
from engine.ledger.mails.tables import mails
from engine.ledger.sql import SqlLedger
from engine.ledger.tracked.sql import SqlTracked
from engine.ports.mails import MailReply, Taken
from engine.store.address import StoreAddress
from tests.fakes.analytics.programs import (
    GA4_PLACE,
    GA4_SECRET,
    MATOMO_SITE,
    MATOMO_TOKEN,
    Programs,
    ProgramsPost,
)
from tests.flows.statement.months import HandClock
from tests.ports.ledger.books import SqlBooks
from tests.ports.ledger.tracked.conftest import (
    ANNA,
    BERTA,
    CLARA,
    SECRET,
    call,
    missed,
    november,
)
from tests.ports.ledger.tracked.traces import Place, Trace, sqlite_files, store, tables, traces
from tests.rig.postgres import Postgres

CALLERS = (ANNA, BERTA, CLARA, "+12025550123", "+442079460958")
CANARY = "+4915228899001"
NOW_MS = call("c").ended_ms + 60_000
GA4 = Collector(
    collector_id="ga",
    organisation="acme",
    program=Program.GA4,
    place=GA4_PLACE,
    url="",
    number="",
    secret=GA4_SECRET,
)
MATOMO = replace(
    GA4,
    collector_id="ma",
    program=Program.MATOMO,
    place=MATOMO_SITE,
    url="https://matomo.example.org/",
    secret=MATOMO_TOKEN,
)


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    """All that is logged, numbers in full."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    written = io.StringIO()
    logs.configure(level="debug", form="json", numbers="full", stream=written)
    yield written
    root.handlers = before
    root.setLevel(level)
    logging.getLogger("engine").setLevel(logging.NOTSET)
    structlog.reset_defaults()


@dataclass
class Postbox:
    """Takes nothing at first, then everything."""

    sent: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> MailReply:
        self.sent.append(mail)
        return MailReply(Taken.LATER, "SMTPConnectError") if len(self.sent) < 3 else _TAKEN


_TAKEN = MailReply(Taken.TAKEN)


@pytest.fixture
def served(valkey_address: StoreAddress) -> Iterator[Redis]:
    """A real store, empty."""
    with Redis(unix_socket_path=valkey_address.path) as client:
        client.flushall()
        yield client


async def run(ledger: SqlLedger) -> list[Place]:
    """A day of calls, missed ones mailed, all reported; what was sent and answered."""
    tracked, box = SqlTracked(ledger, SECRET, mailing=True), Postbox()
    await tracked.set_terms(Terms(organisation="acme", mails=("a@example.org", "b@example.org")))
    collectors, told = SqlCollectors(ledger, lambda: NOW_MS), Programs(lambda: NOW_MS // 1000)
    for one in (GA4, MATOMO):
        await Collecting(collectors, Seal(SECRET)).add(one)
    for number, caller in enumerate(CALLERS * 2):
        await tracked.keep(call(f"c{number}"), caller)
        await tracked.keep(missed(f"m{number}", outcome=Outcome.BUSY), caller)
    # Somebody else's secret: the key cannot be opened, which is logged.
    await SqlTracked(ledger, SECRET[::-1], mailing=False).keep(call("other"), ANNA)
    sender = MailSender(SqlMails(ledger), box, SystemClock())
    while await sender.look():
        pass
    hits = HitSender(collectors, ProgramsPost(told), Seal(SECRET), HandClock(NOW_MS))
    while await hits.look():
        pass
    assert len(told.events) == len(told.actions) == 4 * len(CALLERS) + 1
    wish = Wish(
        organisation="acme",
        days=Days(november().first, november().after),
        closed=november().after,
        against=Against.BEFORE,
    )
    found = await report(tracked, wish)
    answers = [json.dumps(values(found)), csv_text(found), text(found, "de")]
    rows = await tracked.rows(november())
    return [
        *(("mail", repr(mail).encode()) for mail in box.sent),
        *(("hit", repr(hit).encode()) for hit in (*told.events, *told.actions)),
        *(("report", answer.encode()) for answer in answers),
        *(("list of calls", repr(row).encode()) for row in rows),
    ]


def files(books: SqlBooks, request: pytest.FixtureRequest) -> list[Place]:
    """What the database wrote, and a backup of it."""
    url = make_url(books.url)
    if url.get_backend_name() == "sqlite":
        return list(sqlite_files(url.database or ""))
    server: Postgres = request.getfixturevalue("postgres")
    return [("backup", server.dump("books"))]


async def test_no_caller_is_found_anywhere_but_where_one_was_planted(
    sql_books: SqlBooks,
    request: pytest.FixtureRequest,
    told: io.StringIO,
    served: Redis,
) -> None:
    ledger = sql_books.open()
    sent = await run(ledger)

    async def all_places() -> list[Place]:
        return [
            *await tables(ledger),
            *files(sql_books, request),
            *store(served),
            ("log", told.getvalue().encode()),
            *sent,
        ]

    places = await all_places()
    assert {"table tracked_callers", "table mails", "log", "mail", "report"} <= dict(places).keys()
    assert "tracked.key_unreadable" in told.getvalue()
    assert traces(places, [*CALLERS, CANARY]) == set()

    planted = update(mails).values(text=f"anruf von {CANARY}")
    await ledger.database.write(lambda connection: connection.execute(planted))
    structlog.get_logger("canary").info("planted", digest=_sha(CANARY).hex())
    served.xadd("stream", {"body": base64.b64encode(CANARY.encode())})
    served.set("snapshot", json.dumps({"caller": f"0{CANARY[3:]}"}))
    sent.append(("mail", base64.b64encode(_sha(CANARY))))
    found = traces(await all_places(), [*CALLERS, CANARY])
    assert {trace.number for trace in found} == {CANARY}
    backup = "backup" if sql_books.url.startswith("postgresql") else "file .backup"
    assert {
        Trace("table mails", CANARY, "e164"),
        Trace(backup, CANARY, "e164"),
        Trace("log", CANARY, "SHA-256 of e164 in hex"),
        Trace("store stream", CANARY, "e164 in base64"),
        Trace("store snapshot", CANARY, "national"),
        Trace("mail", CANARY, "SHA-256 of e164 in base64"),
    } <= found
    expected = {"table mails", backup, "log", "store stream", "store snapshot", "mail"}
    others = {trace.place for trace in found} - expected
    assert others <= {"file itself", "file -wal"}


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
