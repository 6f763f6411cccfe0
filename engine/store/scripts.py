"""The scripts, and how an order is carried out: in its time, with our own errors.

Each file in `engine/store/lua` is one script, one atomic step on the store; `prelude.lua` goes
before each of them. A server is first asked by the script's digest and is given its text if it
does not know it, which is so after every restart, failover or move of a slot.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError, RedisError, ResponseError

from engine.errors import CallerError, ConflictError, EngineError, RemoteError
from engine.ports.metrics import UNMEASURED, Metrics, Remote
from engine.store.limits import CANCEL_AGAIN_S, CONNECTIONS_MOST

Answer = TypeVar("Answer")
Word = str | bytes | int

_LUA = files("engine.store") / "lua"
_PRELUDE = (_LUA / "prelude.lua").read_text()
SCRIPTS = {
    file.name.removesuffix(".lua"): f"{_PRELUDE}\n{file.read_text()}"
    for file in sorted(_LUA.iterdir(), key=lambda file: file.name)
    if file.name.endswith(".lua") and file.name != "prelude.lua"
}
_DIGESTS = {
    name: hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    for name, source in SCRIPTS.items()
}


class Orders:
    """Carries orders to a server, a bounded number at once, each within `timeout_s`."""

    def __init__(
        self, client: "Redis | RedisCluster", timeout_s: float, metrics: Metrics = UNMEASURED
    ) -> None:
        self._client = client
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(CONNECTIONS_MOST)

    async def command(self, *words: Word) -> Any:
        """The answer to one plain command."""
        return await self._answered(str(words[0]), lambda: self._client.execute_command(*words))

    async def script(self, name: str, keys: tuple[str, ...], *words: Word) -> Any:
        """The answer of a script; `ConflictError`, `CallerError` and `RemoteError` as it says."""
        return await self._answered(name, lambda: self._evaluate(name, keys, words))

    async def _evaluate(self, name: str, keys: tuple[str, ...], words: tuple[Word, ...]) -> Any:
        tail = (len(keys), *keys, *words)
        try:
            return await self._client.execute_command("EVALSHA", _DIGESTS[name], *tail)
        except NoScriptError:
            return await self._client.execute_command("EVAL", SCRIPTS[name], *tail)

    async def _answered(self, name: str, order: Callable[[], Awaitable[Answer]]) -> Answer:
        with self._metrics.asking(Remote.STORE, name.lower()):
            return await self._in_time(name, order)

    async def _in_time(self, name: str, order: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_s), self._places, cancellable():
                return await order()
        except ResponseError as error:
            raise refusal(str(error)) from error
        except (RedisError, OSError, TimeoutError) as error:
            raise RemoteError(f"the store did not answer {name}: {type(error).__name__}") from error


@asynccontextmanager
async def cancellable() -> AsyncIterator[None]:
    """Lets a cancellation through that the client library has swallowed.

    redis-py 8 loses one that comes while it sends (it waits with `asyncio.wait_for`, which loses it
    before Python 3.12): the order then ends as if nothing had happened, and a task that was told to
    end goes on for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError


async def end(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel tasks until they are over, since the client library may swallow a cancellation."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


def refusal(text: str) -> EngineError:
    """The error behind a server's refusal.

    Scripts begin theirs with one of our own words; the server adds where it was raised.
    """
    code, _, message = text.partition(" script: ")[0].partition(" ")
    match code:
        case "CONFLICT":
            return ConflictError(message)
        case "UNKNOWN":
            return CallerError(message, "account_id")
        case "RANGE":
            return RemoteError(message, retryable=False)
        case _:
            return RemoteError(f"the store refused: {text}")
