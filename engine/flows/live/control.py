"""Ending and warning live calls: a person asks, the engine that has the call carries it out.

Whoever asks finds the call's engine by its snapshot and puts the command into that engine's line.
Should another engine take the call over meanwhile, the command follows it; what has not been
carried out `COMMAND_TTL_MS` later never is, and he is told so.
"""

import asyncio
from typing import Any

import structlog

from engine.core.call import LiveCall
from engine.core.events import EndOrdered, Event, WarnOrdered
from engine.errors import EngineError
from engine.flows.calls import Calls
from engine.flows.errands import House
from engine.flows.machines import Machine, is_known, read
from engine.ports.clock import Clock
from engine.ports.people.commands import COMMAND_TTL_MS, CallOrder, Command, Outcome
from engine.ports.store import Store

LOOK_EVERY_MS = 300
LAST_LOOK_MS = 100

log = structlog.get_logger(__name__)


class Control:
    """Orders of people to live calls, from wherever they are given."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def carry_out(self, command: Command) -> Outcome:
        """Have a command carried out; the same command again is answered alike.

        GONE if the call is over or not of the command's organisation, UNANSWERED if its engine
        did not answer in time: it was not carried out, unless that engine died in doing so.
        """
        asked, until_ms = "", self._clock.now().mono_ms + COMMAND_TTL_MS
        while True:
            outcome = await self._store.outcome(command.command_id, LOOK_EVERY_MS if asked else 0)
            if outcome is not None:
                return outcome
            if self._clock.now().mono_ms >= until_ms:
                return Outcome.UNANSWERED
            snapshot = await self._store.live_call(command.call_id)
            known = snapshot is not None and is_known(snapshot)
            if snapshot is None or not known or not _may_touch(command, *read(snapshot)):
                # It may have ended by this very command.
                answered = asked and await self._store.outcome(command.command_id, LAST_LOOK_MS)
                return answered or Outcome.GONE
            if snapshot.engine != asked:
                await self._store.send(snapshot.engine, command)
                asked = snapshot.engine


class Obeying:
    """Carries out what people order of this engine's calls, and answers."""

    def __init__(self, house: House, calls: Calls) -> None:
        self._house = house
        self._calls = calls

    async def run(self) -> None:
        """Take commands, for ever; none waits for another's call."""
        async with asyncio.TaskGroup() as group:
            async for command in self._house.store.received(self._house.engine):
                group.create_task(self._obey(command))

    async def _obey(self, command: Command) -> None:
        """Carry a command out; one for a call that is not here (any more) is its new engine's."""
        task = self._calls.task_of(command.call_id)
        if task is None or not _may_touch(command, task.machine, task.call):
            return
        now_ms = self._house.clock.now().wall_ms
        step = await task.ask(_event(command, now_ms))
        if step is None:
            return
        outcome = task.machine.outcome(command.order, *step, now_ms)
        log.info(
            "call.ordered",
            call=command.call_id,
            order=command.order,
            by=command.by,
            reason=command.reason,
            outcome=outcome,
        )
        try:
            await self._house.store.answer(command.command_id, outcome)
        except EngineError as error:
            log.warning("order.not_answered", call=command.call_id, error=str(error))


def _may_touch(command: Command, machine: Machine[Any], call: LiveCall) -> bool:
    return command.organisation in (None, machine.terms(call).organisation)


def _event(command: Command, now_ms: int) -> Event:
    if command.order is CallOrder.END:
        return EndOrdered(at_ms=now_ms, reason=command.reason, by=command.by)
    return WarnOrdered(at_ms=now_ms, by=command.by)
