"""Live calls as they were read last, and how they look to whoever may see them.

Nobody who reads or looks keeps others waiting: after `AT_ONCE_MOST` calls they have their turn.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.core.account import AccountView
from engine.flows.machines import Machine, is_known, read
from engine.flows.machines.seen import LiveCall
from engine.ports.store import Snapshot, Store

T = TypeVar("T")

AT_ONCE_MOST = 50

SEEN_FOR_MS = 500
"""So long a call that was not written looks alike to all who look."""


@dataclass(slots=True)
class Known:
    """A live call as it was read last."""

    engine: str
    organisation: str
    machine: Machine[Any]
    call: Any
    view: AccountView | None
    last: LiveCall | None = None

    def at(self, at_ms: int) -> LiveCall:
        """How it looks, or looked a moment ago; that instant is in it."""
        if self.last is None or not 0 <= at_ms - self.last.at_ms < SEEN_FOR_MS:
            self.last = self.machine.seen(self.call, self.engine, self.view, at_ms)
        return self.last

    @property
    def runs(self) -> bool:
        """Whether time alone changes it."""
        meter = self.machine.meter(self.call)
        return meter is not None and meter.running


async def read_calls(store: Store, call_ids: Iterable[str]) -> dict[str, Known]:
    """Those of the calls that live, and are of a kind we know, with the accounts they talk on."""
    found: list[Snapshot] = []
    for some in _portions(sorted(call_ids)):
        snapshots = await asyncio.gather(*map(store.live_call, some))
        found += [one for one in snapshots if one is not None]
    return await understood(store, found)


async def understood(store: Store, snapshots: Sequence[Snapshot]) -> dict[str, Known]:
    """Calls by their snapshots, as `read_calls` gives them."""
    known: dict[str, Known] = {}
    for some in _portions([one for one in snapshots if is_known(one)]):
        names = sorted({one.account_id for one in some if one.account_id is not None})
        views = dict(zip(names, await asyncio.gather(*map(store.account, names)), strict=True))
        for one in some:
            machine, call = read(one)
            organisation = machine.terms(call).organisation
            view = views.get(one.account_id or "")
            known[one.call_id] = Known(one.engine, organisation, machine, call, view)
        await asyncio.sleep(0)
    return known


async def seen(
    known: Iterable[Known], organisation: str | None, at_ms: int
) -> tuple[LiveCall, ...]:
    """How calls (of an organisation) look, oldest first."""
    calls: list[LiveCall] = []
    for some in _portions([one for one in known if organisation in (None, one.organisation)]):
        calls += [one.at(at_ms) for one in some]
        await asyncio.sleep(0)
    return tuple(sorted(calls, key=lambda call: (call.arrived_ms, call.call_id)))


def _portions(of_all: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(of_all), AT_ONCE_MOST):
        yield of_all[first : first + AT_ONCE_MOST]
