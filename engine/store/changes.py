"""Changes of live calls: which of them was written, by whatever engine, as it happens.

A message holds a call's id alone; the call is read afresh by whoever wants it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from engine.errors import RemoteError
from engine.store.address import disconnect
from engine.store.codec import bucket_keys
from engine.store.limits import CALL_BUCKETS, HEARTBEAT_S, RECONNECT_FIRST_S, RECONNECT_MOST_S
from engine.store.scripts import cancellable, end

CHANNELS = tuple(bucket_keys(number)[0] for number in range(CALL_BUCKETS))

log = structlog.get_logger(__name__)


async def changes(connect: Callable[[int], Redis]) -> AsyncIterator[str | None]:
    """See `ports.store.Store.changes`; `connect` gives a new client, by the number of the try."""
    attempt, wait_s = 0, RECONNECT_FIRST_S
    while True:
        client = connect(attempt)
        try:
            async with aclosing(_heard(client.pubsub())) as heard:
                async for call_id in heard:
                    wait_s = RECONNECT_FIRST_S
                    yield call_id
        except (RedisError, OSError, TimeoutError, RemoteError) as error:
            log.warning("store_changes_lost", error=type(error).__name__, wait_s=wait_s)
        finally:
            await disconnect(client)
        await asyncio.sleep(wait_s)
        attempt, wait_s = attempt + 1, min(wait_s * 2, RECONNECT_MOST_S)


async def _heard(pubsub: PubSub) -> AsyncGenerator[str | None, None]:
    """What one connection tells until it is lost: None once its subscription stands, then ids."""
    async with cancellable():
        await pubsub.subscribe(*CHANNELS)
    waiting, is_asked = len(CHANNELS), False
    reading = asyncio.ensure_future(pubsub.get_message(timeout=None))
    try:
        while True:
            done, _ = await asyncio.wait({reading}, timeout=HEARTBEAT_S)
            if not done:
                if is_asked:
                    raise RemoteError("the store is silent")
                is_asked = True
                async with cancellable():
                    await pubsub.ping()
                continue
            is_asked, message = False, reading.result()
            reading = asyncio.ensure_future(pubsub.get_message(timeout=None))
            kind = message["type"] if message is not None else ""
            waiting -= kind == "subscribe"
            if kind == "subscribe" and not waiting:
                yield None
            elif kind == "message":
                yield message["data"].decode()
    finally:
        await end(reading)
        await pubsub.aclose()  # type: ignore[no-untyped-call]  # the library's
