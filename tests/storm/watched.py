"""The engine's ports, told on: each says when a step of a callback's way is reached.

Nothing of the engine is changed. Ledger, orders and store are the real ones with a word before or
after what they do; the transaction is watched through SQLAlchemy's events, the answer through a
middleware before all others.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, Engine, event

from engine.core.payment import PaymentFact, PaymentOrder
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.sql import SqlLedger
from engine.ports.orders import Letter, Taken
from engine.ports.payments import Forged, Headers, Notice, Places, Provider, Redirect
from engine.ports.store import StorePosting
from engine.store.address import StoreAddress
from engine.store.valkey import ValkeyStore
from engine.web.problems import Handler
from tests.storm.deaths import Step

Passed = Callable[[Step], None]


class Diary:
    """When an engine was at which orders; each line that was finished outlives it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def at(self, *names: str) -> Iterator[None]:
        """What is done meanwhile is about the orders with these ids, ours or the provider's."""
        since_ns = time.monotonic_ns()
        yield
        until_ns = time.monotonic_ns()
        with self._file.open("a") as file:
            file.writelines(f"{name} {since_ns} {until_ns}\n" for name in names)

    def read(self) -> Iterator[tuple[str, int, int]]:
        """Each order's id, and from when to when (monotonic ns) it was worked at."""
        for line in self._file.read_text().splitlines() if self._file.exists() else ():
            name, since_ns, until_ns = line.split()
            yield name, int(since_ns), int(until_ns)


class WatchedOrders(SqlOrders):
    """Orders that tell of a letter before and after it is taken in."""

    def __init__(self, ledger: SqlLedger, passed: Passed, diary: Diary) -> None:
        super().__init__(ledger)
        self._passed = passed
        self._diary = diary

    async def take_in(self, letter: Letter) -> Taken:
        self._passed(Step.JUDGED)
        with self._diary.at(
            *letter.ask, *(fact.order_id for fact in letter.facts if fact.order_id)
        ):
            taken = await super().take_in(letter)
        if taken.is_new:
            self._passed(Step.COMMITTED)
        return taken


class WatchedLedger(SqlLedger):
    """A ledger that tells of what has left its outbox."""

    def __init__(self, url: str, now_ms: Callable[[], int], passed: Passed) -> None:
        super().__init__(url, now_ms)
        self._passed = passed

    async def mark_applied(self, postings: Sequence[StorePosting]) -> None:
        await super().mark_applied(postings)
        self._passed(Step.MARKED)


class WatchedStore(ValkeyStore):
    """A store that tells of what it has applied."""

    def __init__(self, address: StoreAddress, passed: Passed) -> None:
        super().__init__(address)
        self._passed = passed

    async def apply(self, posting: StorePosting, *, quiet: bool = False) -> int:
        reached = await super().apply(posting, quiet=quiet)
        self._passed(Step.APPLIED)
        return reached


class WatchedProvider:
    """A provider that tells when a callback has come, before it is asked and when it has taken."""

    def __init__(self, provider: Provider, passed: Passed, diary: Diary) -> None:
        self.name = provider.name
        self.payee = provider.payee
        self.is_signed = provider.is_signed
        self._provider = provider
        self._passed = passed
        self._diary = diary

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        return await self._provider.create(order, places)

    async def learn(self, headers: Headers) -> None:
        self._passed(Step.RECEIVED)
        await self._provider.learn(headers)

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        return self._provider.verify(raw, headers, now_ms)

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        self._passed(Step.ASKED)
        with self._diary.at(order.order_id):
            return await self._provider.fetch(order)

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        with self._diary.at(order.order_id):
            facts = await self._provider.capture(order)
        self._passed(Step.CAPTURED)
        return facts

    async def close(self) -> None:
        await self._provider.close()


def watch_commits(passed: Passed) -> None:
    """Tell of every transaction that has written an entry, just before its COMMIT is sent."""

    def written(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO entries"):
            connection.info["has_entry"] = True

    def committing(connection: Connection) -> None:
        if connection.info.pop("has_entry", False):
            passed(Step.WRITTEN)

    def rolling_back(connection: Connection) -> None:
        if not connection.invalidated:
            connection.info.pop("has_entry", None)

    event.listen(Engine, "after_cursor_execute", written)
    event.listen(Engine, "commit", committing)
    event.listen(Engine, "rollback", rolling_back)


def watch_answers(app: web.Application, passed: Passed) -> None:
    """Tell of every good answer once its last byte is handed to the connection.

    The store is told by a task that has not begun then: nothing was waited for since it was made.
    """

    @web.middleware
    async def answering(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        try:
            await answer.prepare(request)
            await answer.write_eof()
        except ConnectionResetError:  # whoever brought it waits no longer, and will bring it again
            return answer
        if answer.status == 200:
            passed(Step.ANSWERED)
        return answer

    app.middlewares.insert(0, answering)
