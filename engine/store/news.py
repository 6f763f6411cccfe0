"""News of accounts: one subscription for an engine, kept up for ever.

A message says only that an account changed; what it is like now is read afresh. So messages may
be lost, doubled or late, and after every (re)connection each watched account is read once.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from engine.errors import RemoteError
from engine.ports.store import BalanceNews
from engine.store.address import disconnect
from engine.store.codec import account_key, account_of, account_view
from engine.store.limits import HEARTBEAT_S, RECONNECT_FIRST_S, RECONNECT_MOST_S
from engine.store.scripts import cancellable, end
from engine.store.watched import Watched

ALWAYS = "news"
"""A channel without messages, so that there is a subscription before anything is watched."""

log = structlog.get_logger(__name__)


class NewsFeed:
    """Tells of watched accounts; `connect` gives a new client, `read` an account's hash."""

    def __init__(
        self,
        connect: Callable[[int], Redis],
        read: Callable[[str], Awaitable[Mapping[bytes, bytes]]],
    ) -> None:
        self._connect = connect
        self._read = read
        self._watched = Watched()
        self._rewatched = asyncio.Event()

    def watch(self, account_id: str) -> None:
        """Begin to tell of an account, or once more."""
        if self._watched.add(account_id):
            self._rewatched.set()

    def unwatch(self, account_id: str) -> None:
        """Tell of it once less."""
        if account_id in self._watched and self._watched.drop(account_id):
            self._rewatched.set()

    async def news(self) -> AsyncIterator[BalanceNews]:
        """See `ports.store.Store.news`; for one listener."""
        attempt, wait_s = 0, RECONNECT_FIRST_S
        while True:
            client = self._connect(attempt)
            line = Line(client.pubsub(), self._watched, self._rewatched)
            try:
                async with aclosing(line.changed()) as changed:
                    async for account_id in changed:
                        wait_s = RECONNECT_FIRST_S
                        news = await self._news_of(account_id)
                        if news is not None:
                            yield news
            except (RedisError, OSError, TimeoutError, RemoteError) as error:
                log.warning("store_news_lost", error=type(error).__name__, wait_s=wait_s)
            finally:
                await disconnect(client)
            await asyncio.sleep(wait_s)
            attempt, wait_s = attempt + 1, min(wait_s * 2, RECONNECT_MOST_S)

    async def _news_of(self, account_id: str) -> BalanceNews | None:
        fields = await self._read(account_id)
        if not fields:
            return None
        return self._watched.news(account_view(account_id, fields), int(fields[b"credited"]))


class Line:
    """One connection's subscription, from its beginning to its loss."""

    def __init__(self, pubsub: PubSub, watched: Watched, rewatched: asyncio.Event) -> None:
        self._pubsub = pubsub
        self._watched = watched
        self._rewatched = rewatched
        self._subscribed: set[str] = set()
        self._asked = False

    async def changed(self) -> AsyncGenerator[str, None]:
        """Accounts that may have changed, each one first when its subscription stands."""
        self._watched.tell_all_again()
        async with cancellable():
            await self._pubsub.subscribe(ALWAYS)
        self._rewatched.set()
        reading = asyncio.ensure_future(self._message())
        rewatched = asyncio.ensure_future(self._rewatched.wait())
        loop = asyncio.get_running_loop()
        silent_at_s = loop.time() + HEARTBEAT_S
        try:
            while True:
                done, _ = await asyncio.wait(
                    {reading, rewatched},
                    timeout=max(0, silent_at_s - loop.time()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if rewatched in done:
                    self._rewatched.clear()
                    rewatched = asyncio.ensure_future(self._rewatched.wait())
                    async with cancellable():
                        await self._resubscribe()
                if reading in done:
                    self._asked = False
                    silent_at_s = loop.time() + HEARTBEAT_S
                    account_id = reading.result()
                    reading = asyncio.ensure_future(self._message())
                    if account_id is not None:
                        yield account_id
                elif loop.time() >= silent_at_s:
                    async with cancellable():
                        await self._ask()
                    silent_at_s = loop.time() + HEARTBEAT_S
        finally:
            await end(reading, rewatched)
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]  # the library's

    async def _message(self) -> str | None:
        """The account the next message is about, None if about none."""
        message = await self._pubsub.get_message(timeout=None)
        if message is None or message["type"] not in ("message", "subscribe"):
            return None
        channel = message["channel"]
        return None if channel == ALWAYS.encode() else account_of(channel)

    async def _resubscribe(self) -> None:
        wanted = set(self._watched)
        begun, ended = wanted - self._subscribed, self._subscribed - wanted
        self._subscribed = wanted
        if begun:
            await self._pubsub.subscribe(*map(account_key, sorted(begun)))
        if ended:
            await self._pubsub.unsubscribe(*map(account_key, sorted(ended)))

    async def _ask(self) -> None:
        """Ask a silent server whether it lives; one that was asked already is taken for lost."""
        if self._asked:
            raise RemoteError("the store is silent")
        self._asked = True
        await self._pubsub.ping()
