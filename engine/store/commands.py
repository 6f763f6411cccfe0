"""Commands to engines, on streams: a line for each engine, and one for what came of each command.

Whoever waits does so in the server, for `BLOCK_MS` at a time, on connections of their own, so that
no call's order stands behind them.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import structlog

from engine.errors import EngineError
from engine.ports.people.commands import COMMAND_TTL_MS, OUTCOME_KEPT_MS, Command, Outcome
from engine.store.codec import line_key, outcome_key, taken_key
from engine.store.limits import (
    BLOCK_MS,
    COMMANDS_MOST,
    RECONNECT_FIRST_S,
    RECONNECT_MOST_S,
)
from engine.store.scripts import Orders

_commands = msgspec.json.Decoder(Command)

log = structlog.get_logger(__name__)


class CommandLines:
    """`ports.people.commands.Commands`; `orders` go at once, `waits` may take `BLOCK_MS` longer."""

    def __init__(self, orders: Orders, waits: Orders) -> None:
        self._orders = orders
        self._waits = waits

    async def send(self, engine: str, command: Command, within_ms: int) -> None:
        """See `ports.people.commands`."""
        words = (msgspec.json.encode(command), within_ms, COMMAND_TTL_MS, COMMANDS_MOST)
        await self._orders.script("send_command", (line_key(engine),), *words)

    async def received(self, engine: str) -> AsyncIterator[tuple[Command, int]]:
        """See `ports.people.commands`."""
        after, wait_s = "0", RECONNECT_FIRST_S
        while True:
            try:
                for place, fields in await self._read(line_key(engine), after, BLOCK_MS):
                    after = place
                    command = _commands.decode(fields[b"command"])
                    # One of an engine of an earlier version says nothing, and is too late.
                    until_ms = fields.get(b"until_ms", b"0")
                    left_ms = await self._take(engine, command, until_ms)
                    if left_ms > 0:
                        yield command, left_ms
                wait_s = RECONNECT_FIRST_S
            except (EngineError, msgspec.DecodeError) as error:
                log.warning("store_commands_lost", error=str(error), wait_s=wait_s)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RECONNECT_MOST_S)

    async def _take(self, engine: str, command: Command, until_ms: bytes) -> int:
        """The milliseconds left to begin with a command, 0 if it is not to be carried out."""
        keys = (taken_key(command.command_id, engine),)
        left: int = await self._orders.script("take_command", keys, until_ms, OUTCOME_KEPT_MS)
        return left

    async def answer(self, command_id: str, outcome: Outcome) -> None:
        """See `ports.people.commands`."""
        keys = (outcome_key(command_id),)
        await self._orders.script("answer_command", keys, outcome, OUTCOME_KEPT_MS)

    async def outcome(self, command_id: str, within_ms: int) -> Outcome | None:
        """See `ports.people.commands`; waits for `BLOCK_MS` at most."""
        block_ms = min(within_ms, BLOCK_MS)
        for _, fields in await self._read(outcome_key(command_id), "0", block_ms):
            return Outcome(fields[b"outcome"].decode())
        return None

    async def _read(
        self, key: str, after: str, block_ms: int
    ) -> list[tuple[str, dict[bytes, bytes]]]:
        """What follows in a stream; with `block_ms` of 0 what is there already."""
        block = ("BLOCK", block_ms) if block_ms else ()
        answer = await self._waits.command("XREAD", *block, "STREAMS", key, after)
        return [
            (place.decode(), fields) for _, entries in answer or () for place, fields in entries
        ]
