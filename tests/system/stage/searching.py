"""Whether anything that a house has written gives its callers away, told by a planted canary."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from redis import Redis
from sqlalchemy import update

from engine import logs
from engine.ledger.diversion.tables import routes
from engine.store.address import parse_address
from tests.ports.ledger.tracked.traces import (
    Place,
    Trace,
    sqlite_files,
    sqlite_tables,
    store,
    tables,
    traces,
)
from tests.rig.house import RealHouse

CANARY = "+4915228899001"
LOG = "engine.log"
BACKUP = "file .backup"
OUTSIDE = "outside"
"""The folder of the callers' and targets' own Asterisk, whose SIP messages name them."""


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """What engines of this process log is in a file of the folder, as in production."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    with (folder / LOG).open("w", encoding="utf-8") as stream:
        logs.configure(form="json", stream=stream)
        (own,) = root.handlers
        root.handlers = [*before, own]
        yield
        root.removeHandler(own)
    root.setLevel(level)
    logging.getLogger("engine").setLevel(logging.NOTSET)
    structlog.reset_defaults()


async def assert_nobody_is_found(
    house: RealHouse, callers: set[str], backup: Callable[[], bytes] | None = None
) -> None:
    """No caller is found in any table, log, file or backup; the canary is, in each place.

    `backup` makes one of the house's books where these are in PostgreSQL.
    """
    assert callers
    assert traces(await _written(house, backup), callers) == set()
    expected = await _planted(house)
    found = traces(await _written(house, backup), [*callers, CANARY])
    assert expected <= found
    assert {trace.number for trace in found} == {CANARY}


async def _written(house: RealHouse, backup: Callable[[], bytes] | None) -> list[Place]:
    """Every row, every key of the store, and every file of the house with its name."""
    if backup is None:
        books = await asyncio.to_thread(_sqlite, house)
    else:
        dump = await asyncio.to_thread(backup)
        books = [*await tables(house.ledger), (BACKUP, dump)]
    return [*books, *await asyncio.to_thread(_places, house)]


def _sqlite(house: RealHouse) -> list[Place]:
    database = str(house.folder / "ledger.sqlite3")
    return [*sqlite_tables(database), *sqlite_files(database)]


def _places(house: RealHouse) -> list[Place]:
    with _store_of(house) as client:
        keys = list(store(client))
    files = (file for file in sorted(house.folder.rglob("*")) if file.is_file())
    ours = (file for file in files if file.relative_to(house.folder).parts[0] != OUTSIDE)
    return [*keys, *(_read(file, str(file.relative_to(house.folder))) for file in ours)]


def _read(file: Path, name: str) -> Place:
    return name, name.encode() + b" " + file.read_bytes()


def _store_of(house: RealHouse) -> Redis:
    return Redis(unix_socket_path=parse_address(house.store_process.url).path)


async def _planted(house: RealHouse) -> set[Trace]:
    """Put the canary where callers could be, in a form of its own each; gives where."""
    written = update(routes).values(author=CANARY)
    await house.ledger.database.write(lambda connection: connection.execute(written))
    hashed = hashlib.sha256(CANARY.encode())
    structlog.get_logger("engine.canary").info("planted", digest=hashed.hexdigest())
    with _store_of(house) as client:
        client.set("canary", base64.b64encode(CANARY.encode()))
    digits = CANARY.removeprefix("+")
    own = house.folder / "asterisk" / "log"
    for name, spelled in (("cel-custom/cel.json", digits), ("messages.log", f"00{digits}")):
        with (own / name).open("a") as log:
            log.write(f"{spelled}\n")
    (file,) = (house.folder / "store").rglob("*.incr.aof")
    return {
        Trace("table routes", CANARY, "e164"),
        Trace(BACKUP, CANARY, "e164"),
        Trace("store canary", CANARY, "e164 in base64"),
        Trace(str(file.relative_to(house.folder)), CANARY, "e164 in base64"),
        Trace(LOG, CANARY, "SHA-256 of e164 in hex"),
        Trace("asterisk/log/cel-custom/cel.json", CANARY, "digits"),
        Trace("asterisk/log/messages.log", CANARY, "00"),
    }
