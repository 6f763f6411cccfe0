"""FastAGI: balances and prices for an operator's own dialplan, without Stasis.

    same => n,AGI(agi://127.0.0.1:PORT/balance,${DID},${CALLER})
    same => n,AGI(agi://127.0.0.1:PORT/quote,${DID},${CALLER},SECONDS)

Each sets channel variables and returns; `GROSCHEN_STATUS` is `OK`, or `FAILED` if there is no
answer to be had. Called number and caller may be left out: then they are the call's own. What is
looked up is handed in; this module only speaks the protocol.

panoramisk's own connection handler waits for ever, without ever giving the loop back, on a peer
that connects and closes: a port scan would freeze every call. Ours reads a bounded header within
a time limit and ends with the connection.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self

import structlog
from panoramisk.fast_agi import Application, Request

from engine.errors import EngineError, RemoteError

HEADER_MOST = 16_384
HEADER_TIMEOUT_S = 2.0
LOOKUP_TIMEOUT_S = 5.0
CONNECTIONS_MOST = 100
STATUS = "GROSCHEN_STATUS"

Variables = Mapping[str, str]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """What can be asked; each answers the channel variables to set, all beginning `GROSCHEN_`.

    `balance(did, caller)`; `quote(did, caller, talk_seconds)`. They raise `EngineError` if the
    answer cannot be had.
    """

    balance: Callable[[str, str], Awaitable[Variables]]
    quote: Callable[[str, str, int], Awaitable[Variables]]


class AgiServer(Application):  # type: ignore[misc]  # panoramisk has no types
    """The FastAGI port of an engine. An async context manager; `port` is known once it is open."""

    def __init__(self, lookups: Lookups, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.port = port
        self._host = host
        self._lookups = lookups
        self._server: asyncio.Server | None = None
        self._peers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.add_route("balance", self._balance)
        self.add_route("quote", self._quote)

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(
                self.handler, self._host, self.port, limit=HEADER_MOST
            )
        except OSError as error:
            reason = f"FastAGI cannot listen on {self._host}:{self.port}: {error.strerror}"
            raise RemoteError(reason, retryable=False) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        peers = dict(self._peers)
        for writer in peers.values():
            writer.close()
        await asyncio.gather(*peers, return_exceptions=True)

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: a header, a route, a few variables, the end."""
        task = asyncio.current_task()
        if task is None or len(self._peers) >= CONNECTIONS_MOST:
            log.warning("agi.too_many", most=CONNECTIONS_MOST)
            writer.close()
            return
        self._peers[task] = writer
        try:
            async with asyncio.timeout(HEADER_TIMEOUT_S):
                header = await reader.readuntil(b"\n\n")
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                await self._serve(header, reader, writer)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as fault:
            log.info("agi.nothing_asked", reason=type(fault).__name__)
        except ConnectionError as fault:
            log.info("agi.gone", reason=str(fault))
        finally:
            del self._peers[task]
            writer.close()

    async def _serve(
        self, header: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        lines = header.decode(errors="replace").split("\n")
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        route = self._route.get(fields.get("agi_network_script", ""))
        if route is None:
            log.warning("agi.no_route", asked=fields.get("agi_network_script", "")[:64])
            return
        request = Request(self, fields, reader, writer)
        try:
            answer = {**await route(request), STATUS: "OK"}
        except EngineError as fault:
            log.warning("agi.failed", error=str(fault))
            answer = {STATUS: "FAILED"}
        for name, value in answer.items():
            await request.send_command(f'SET VARIABLE {name} "{_quoted(value)}"')

    async def _balance(self, request: Request) -> Variables:
        return await self._lookups.balance(*_numbers(request.headers))

    async def _quote(self, request: Request) -> Variables:
        seconds = request.headers.get("agi_arg_3", "")
        talk_s = int(seconds) if seconds.isascii() and seconds.isdigit() else 60
        return await self._lookups.quote(*_numbers(request.headers), talk_s)


def _numbers(fields: Mapping[str, str]) -> tuple[str, str]:
    """Called number and caller: as given, else the call's own."""
    did = fields.get("agi_arg_1") or fields.get("agi_dnid") or fields.get("agi_extension", "")
    caller = fields.get("agi_arg_2") or fields.get("agi_callerid", "")
    return did, caller


def _quoted(value: str) -> str:
    """A value as it may stand between quotes on an AGI line."""
    flat = value.replace("\r", " ").replace("\n", " ")
    return flat.replace("\\", "\\\\").replace('"', '\\"')
