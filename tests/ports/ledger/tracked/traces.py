"""Looking for callers' numbers wherever something is written, in every form that gives one away."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import connect
from typing import Any

import phonenumbers
from redis import Redis
from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.sql import SqlLedger

Place = tuple[str, bytes]
"""Where something is written, and what."""


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """A number that was found somewhere in some form."""

    place: str
    number: str
    form: str


def forms(e164: str) -> dict[str, bytes]:
    """What would give a number away: as it is dialled, in base64, and hashed without a key."""
    digits = e164.removeprefix("+")
    parsed = phonenumbers.parse(e164)
    significant = phonenumbers.national_significant_number(parsed)
    spelled = {
        "e164": e164,
        "digits": digits,
        "00": f"00{digits}",
        "national": f"0{significant}",
        "significant": significant,
        "spaced": phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
    }
    found = {name: text.encode() for name, text in spelled.items()}
    for name, text in list(found.items()):
        hashed = hashlib.sha256(text).digest()
        found[f"{name} in base64"] = base64.b64encode(text).rstrip(b"=")
        found[f"SHA-256 of {name}"] = hashed
        found[f"SHA-256 of {name} in hex"] = hashed.hex().encode()
        found[f"SHA-256 of {name} in base64"] = base64.b64encode(hashed).rstrip(b"=")
        found[f"SHA-256 of {name} in URL base64"] = base64.urlsafe_b64encode(hashed).rstrip(b"=")
    return found


def traces(places: Iterable[Place], numbers: Iterable[str]) -> set[Trace]:
    """Every number that was found, once for each form and place."""
    sought = {number: forms(number) for number in numbers}
    return {
        Trace(place, number, form)
        for place, content in places
        for number, spelled in sought.items()
        for form, written in spelled.items()
        if written in content or written.upper() in content
    }


async def tables(ledger: SqlLedger) -> list[Place]:
    """Every value of every table."""

    async def read(connection: AsyncConnection) -> list[Place]:
        known = MetaData()
        await connection.run_sync(known.reflect)
        return [
            (f"table {name}", _written(value))
            for name, table in known.tables.items()
            for row in await connection.execute(select(table))
            for value in row
        ]

    return await ledger.database.read(read)


def _written(value: object) -> bytes:
    return value if isinstance(value, bytes) else repr(value).encode()


def sqlite_tables(file: str) -> Iterator[Place]:
    """Every value of every table of an SQLite file, read without the ledger."""
    with closing(connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            for row in connection.execute(f'SELECT * FROM "{name}"'):
                yield from ((f"table {name}", _written(value)) for value in row)


def sqlite_files(file: str) -> Iterator[Place]:
    """An SQLite file, what SQLite keeps beside it, and a backup of it."""
    with closing(connect(file)) as connection, closing(connect(f"{file}.backup")) as copy:
        connection.backup(copy)
    for end in ("", "-wal", "-shm", ".backup"):
        yield f"file {end or 'itself'}", Path(f"{file}{end}").read_bytes()


def store(client: Redis) -> Iterator[Place]:
    """Every key of a store with what it holds."""
    for key in client.scan_iter():
        yield f"store {key.decode()}", key + b" " + _held(client, key)


def _held(client: Redis, key: bytes) -> bytes:
    kind = client.type(key)
    found: Any
    match kind:
        case b"string":
            found = client.get(key)
        case b"hash":
            found = client.hgetall(key)
        case b"list":
            found = client.lrange(key, 0, -1)
        case b"set":
            found = client.smembers(key)
        case b"zset":
            found = client.zrange(key, 0, -1, withscores=True)
        case b"stream":
            found = client.xrange(key)
        case _:
            raise AssertionError(f"{key!r} is a {kind!r}, which nobody looks into")
    return _written(found)
