"""The store on Valkey or Redis: one server, Sentinel or a cluster.

Every change is one script (`engine/store/lua`), on keys of one slot (`engine/store/codec.py`).
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from engine.core.account import AccountView
from engine.core.quota import Meter
from engine.ports.limits import Breaker, BreakerUse, Limit, LimitUse, Use
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.people.commands import Command, Outcome
from engine.ports.store import (
    AgentState,
    BalanceNews,
    Granted,
    PauseReason,
    Reservation,
    Snapshot,
    StorePosting,
)
from engine.store import codec
from engine.store.address import StoreAddress, disconnect
from engine.store.changes import changes
from engine.store.commands import CommandLines
from engine.store.limits import (
    BLOCK_MS,
    CALL_BUCKETS,
    COMMAND_TIMEOUT_S,
    ENDED_KEPT_MS,
    counted,
    whole,
)
from engine.store.news import NewsFeed
from engine.store.scripts import Orders, Word


class ValkeyStore:
    """`ports.store.Store` at an address; connects when first asked, `close` ends it."""

    def __init__(
        self,
        address: StoreAddress,
        timeout_s: float = COMMAND_TIMEOUT_S,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self._client = address.connect(timeout_s)
        self._orders = Orders(self._client, timeout_s, metrics)
        self._connect = partial(address.connect_for_news, timeout_s)
        self._feed = NewsFeed(self._connect, self._fields)
        longer_s = timeout_s + BLOCK_MS / 1000
        self._waiting = address.connect(longer_s)
        self._lines = CommandLines(self._orders, Orders(self._waiting, longer_s))

    async def close(self) -> None:
        """Close the connections; the store itself goes on."""
        await disconnect(self._client)
        await disconnect(self._waiting)

    # --- accounts and holds --------------------------------------------------------------

    async def account(self, account_id: str) -> AccountView | None:
        fields = await self._fields(account_id)
        return codec.account_view(account_id, fields) if fields else None

    async def seed_account(
        self, account_id: str, currency: str, balance_micros: int, seq: int, closed_ms: int = 0
    ) -> AccountView:
        balance_micros = whole(balance_micros, "balance_micros")
        flat = await self._on_account(
            "seed", account_id, currency, balance_micros, whole(seq, "seq"), closed_ms
        )
        return codec.account_view(account_id, codec.fields_of(flat))

    async def apply(self, posting: StorePosting, *, quiet: bool = False) -> int:
        return int(
            await self._on_account(
                "apply",
                posting.account_id,
                posting.currency,
                whole(posting.seq, "seq"),
                whole(posting.micros, "micros"),
                posting.hold_id or "",
                ENDED_KEPT_MS,
                "quiet" if quiet else "",
            )
        )

    async def reserve(self, wish: Reservation) -> Granted:
        codec.checked_wish(wish)
        granted_n, flat = await self._on_account(
            "reserve",
            wish.account_id,
            wish.call_id,
            wish.epoch,
            wish.step,
            wish.meter.granted_n,
            wish.least,
            codec.meter_text(wish.meter),
            *wish.levels,
        )
        view = codec.account_view(wish.account_id, codec.fields_of(flat))
        return Granted(int(granted_n), view)

    async def restore_hold(
        self, account_id: str, call_id: str, epoch: int, meter: Meter, micros: int
    ) -> AccountView:
        micros = counted(micros, "micros")
        text = codec.meter_text(meter)
        flat = await self._on_account(
            "restore_hold",
            account_id,
            call_id,
            counted(epoch, "epoch"),
            meter.granted_n,
            text,
            micros,
        )
        return codec.account_view(account_id, codec.fields_of(flat))

    async def hold_amount(self, account_id: str, hold_id: str, micros: int) -> bool:
        micros = counted(micros, "micros")
        return bool(await self._on_account("hold_amount", account_id, hold_id, micros))

    async def drop_hold(self, account_id: str, hold_id: str) -> None:
        await self._on_account("drop_hold", account_id, hold_id)

    # --- live calls ----------------------------------------------------------------------

    async def save(self, snapshot: Snapshot) -> None:
        await self._on_call("save", snapshot.call_id, *codec.snapshot_texts(snapshot))

    async def forget(self, call_id: str, epoch: int) -> None:
        await self._on_call("forget", call_id, epoch, ENDED_KEPT_MS)

    async def live_calls(self) -> tuple[Snapshot, ...]:
        buckets = await asyncio.gather(
            *(self._orders.command("HGETALL", codec.bucket_keys(n)[0]) for n in range(CALL_BUCKETS))
        )
        calls = {name.decode(): value for bucket in buckets for name, value in bucket.items()}
        return tuple(codec.snapshot_of(call_id, calls[call_id]) for call_id in sorted(calls))

    async def live_call(self, call_id: str) -> Snapshot | None:
        value = await self._orders.command("HGET", codec.call_keys(call_id)[0], call_id)
        return codec.snapshot_of(call_id, value) if value is not None else None

    def changes(self) -> AsyncIterator[str | None]:
        return changes(self._connect)

    async def adopt(
        self, call_id: str, account_id: str | None, engine: str, epoch: int
    ) -> Snapshot | None:
        value = await self._on_call("adopt", call_id, codec.name_text(engine), epoch)
        if value is None:
            return None
        adopted = codec.snapshot_of(call_id, value)
        held_by = account_id or adopted.account_id
        if held_by:
            await self._on_account("fence", held_by, call_id, adopted.epoch)
        return adopted

    # --- commands to live calls ----------------------------------------------------------

    async def send(self, engine: str, command: Command, within_ms: int) -> None:
        await self._lines.send(engine, command, within_ms)

    def received(self, engine: str) -> AsyncIterator[tuple[Command, int]]:
        return self._lines.received(engine)

    async def answer(self, command_id: str, outcome: Outcome) -> None:
        await self._lines.answer(command_id, outcome)

    async def outcome(self, command_id: str, within_ms: int) -> Outcome | None:
        return await self._lines.outcome(command_id, within_ms)

    # --- engines -------------------------------------------------------------------------

    async def renew_lease(self, engine: str, ttl_ms: int) -> None:
        keys = (codec.ENGINES_KEY,)
        await self._orders.script("renew_lease", keys, engine, ttl_ms, ENDED_KEPT_MS)

    async def living_engines(self) -> tuple[str, ...]:
        names = await self._orders.script("living_engines", (codec.ENGINES_KEY,))
        return tuple(sorted(name.decode() for name in names))

    async def generation(self) -> str:
        fresh = uuid.uuid4().hex
        kept: bytes = await self._orders.script("generation", (codec.GENERATION_KEY,), fresh)
        return kept.decode()

    # --- news ----------------------------------------------------------------------------

    async def watch(self, account_id: str) -> None:
        self._feed.watch(account_id)

    async def unwatch(self, account_id: str) -> None:
        self._feed.unwatch(account_id)

    def news(self) -> AsyncIterator[BalanceNews]:
        return self._feed.news()

    # --- agents --------------------------------------------------------------------------

    async def claim_agents(
        self, call_id: str, ordered: tuple[str, ...], most: int
    ) -> tuple[str, ...]:
        names = await self._on_agents("claim_agents", call_id, most, *ordered)
        return tuple(name.decode() for name in names)

    async def free_agent(self, agent: str, call_id: str, wrap_up_ms: int) -> None:
        await self._on_agents("free_agent", agent, call_id, wrap_up_ms)

    async def agent_states(self, names: tuple[str, ...]) -> tuple[AgentState, ...]:
        states = await self._on_agents("agent_states", *names)
        return tuple(codec.agent_state(*named) for named in zip(names, states, strict=True))

    async def set_pause(self, agent: str, reason: PauseReason | None) -> None:
        await self._on_agents("set_pause", agent, reason or "")

    async def end_wrap_up(self, agent: str) -> None:
        await self._on_agents("end_wrap_up", agent)

    async def next_turn(self, group: str) -> int:
        return int(await self._orders.command("INCR", codec.turn_key(group)))

    # --- limits --------------------------------------------------------------------------

    async def admit(
        self, call_id: str, limits: tuple[Limit, ...], breakers: tuple[Breaker, ...]
    ) -> str | None:
        """See `ports.limits`."""
        words: list[Word] = [call_id, len(limits)]
        for limit in limits:
            words += [limit.most, limit.window_ms]
        for breaker in breakers:
            words += [breaker.window, breaker.share_percent, breaker.window_ms]
        asked: tuple[Limit | Breaker, ...] = (*limits, *breakers)
        keys = tuple(codec.limit_key(one.key) for one in asked)
        place = int(await self._orders.script("admit", keys, *words))
        return asked[place - 1].name if place else None

    async def use(self, limits: tuple[Limit, ...], breakers: tuple[Breaker, ...]) -> Use:
        """See `ports.limits`."""
        words: list[Word] = [len(limits), *(limit.window_ms for limit in limits)]
        for breaker in breakers:
            words += [breaker.window, breaker.window_ms]
        asked: tuple[Limit | Breaker, ...] = (*limits, *breakers)
        keys = tuple(codec.limit_key(one.key) for one in asked)
        stands = iter(await self._orders.script("use", keys, *words))
        counted = tuple(LimitUse(limit, int(next(stands))) for limit in limits)
        looked_at = tuple(BreakerUse(one, int(next(stands)), int(next(stands))) for one in breakers)
        return Use(counted, looked_at)

    async def note_outcome(
        self, subject_id: str, good: bool, breakers: tuple[Breaker, ...]
    ) -> None:
        """See `ports.limits`."""
        words: list[Word] = [subject_id, int(good)]
        for breaker in breakers:
            words += [breaker.window, breaker.window_ms]
        keys = tuple(codec.limit_key(breaker.key) for breaker in breakers)
        await self._orders.script("note_outcome", keys, *words)

    # --- probes --------------------------------------------------------------------------

    async def expect_probe(self, e164: str, within_ms: int) -> None:
        """See `ports.probes`."""
        await self._orders.command("SET", codec.probe_key(e164), "", "PX", within_ms)

    async def note_arrival(self, e164: str, at_ms: int) -> bool:
        """See `ports.probes`."""
        noted = await self._orders.script("note_arrival", (codec.probe_key(e164),), at_ms)
        return bool(noted)

    async def arrival(self, e164: str) -> int | None:
        """See `ports.probes`."""
        noted = await self._orders.command("GET", codec.probe_key(e164))
        return int(noted) if noted else None

    # --- the ways to the keys ------------------------------------------------------------

    async def _fields(self, account_id: str) -> Mapping[bytes, bytes]:
        fields: Mapping[bytes, bytes] = await self._orders.command(
            "HGETALL", codec.account_key(account_id)
        )
        return fields

    async def _on_account(self, script: str, account_id: str, *words: Word) -> Any:
        return await self._orders.script(script, codec.account_keys(account_id), *words)

    async def _on_call(self, script: str, call_id: str, *words: Word) -> Any:
        return await self._orders.script(script, codec.call_keys(call_id), call_id, *words)

    async def _on_agents(self, script: str, *words: Word) -> Any:
        return await self._orders.script(script, (codec.AGENTS_KEY,), *words)
