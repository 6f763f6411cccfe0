"""Ending and warning live calls: a person asks, the engine that has the call carries it out.

Whoever asks finds the call's engine by its snapshot and puts the command into that engine's line.
Should another engine take the call over meanwhile, the command follows it; what has not been
begun `COMMAND_TTL_MS` after he asked never is. He is told what came of it, or that nobody knows.
"""

import asyncio
from typing import Any

import structlog

from engine.core.call import LiveCall
from engine.core.events import EndOrdered, Event, WarnOrdered
from engine.errors import EngineError
from engine.flows.calls import Calls, Step
from engine.flows.errands import House
from engine.flows.machines import Machine, is_known, read
from engine.ports.clock import Clock
from engine.ports.people.commands import COMMAND_TTL_MS, CallOrder, Command, Outcome
from engine.ports.store import Store

LOOK_EVERY_MS = 300
LAST_LOOK_MS = 100
LATE_LOOK_MS = 500
"""So long an answer is waited for once nothing more is begun: most engines know by then."""

log = structlog.get_logger(__name__)


class Control:
    """Orders of people to live calls, from wherever they are given."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def carry_out(self, command: Command) -> Outcome:
        """Have a command carried out; the same command again is answered alike.

        GONE if the call is over or not of the command's organisation, BUSY if the call could not
        be reached in time, so that nothing was done. UNANSWERED if its engine said nothing: it
        died or is cut off, or Asterisk is slow; the command may have been carried out.
        """
        asked, until_ms = "", self._clock.now().mono_ms + COMMAND_TTL_MS
        while True:
            outcome = await self._store.outcome(command.command_id, LOOK_EVERY_MS if asked else 0)
            if outcome is not None:
                return outcome
            left_ms = until_ms - self._clock.now().mono_ms
            if left_ms <= 0:
                late = await self._store.outcome(command.command_id, LATE_LOOK_MS)
                return late or Outcome.UNANSWERED
            snapshot = await self._store.live_call(command.call_id)
            known = snapshot is not None and is_known(snapshot)
            if snapshot is None or not known or not _may_touch(command, *read(snapshot)):
                # It may have ended by this very command.
                answered = asked and await self._store.outcome(command.command_id, LAST_LOOK_MS)
                return answered or Outcome.GONE
            if snapshot.engine != asked:
                await self._store.send(snapshot.engine, command, left_ms)
                asked = snapshot.engine


class Obeying:
    """Carries out what people order of this engine's calls, and answers."""

    def __init__(self, house: House, calls: Calls) -> None:
        self._house = house
        self._calls = calls

    async def run(self) -> None:
        """Take commands, for ever; none waits for another's call."""
        async with asyncio.TaskGroup() as group:
            async for command, left_ms in self._house.store.received(self._house.engine):
                group.create_task(self._obey(command, left_ms))

    async def _obey(self, command: Command, left_ms: int) -> None:
        """Carry a command out; one for a call that is not here (any more) is its new engine's."""
        task = self._calls.task_of(command.call_id)
        if task is None or not _may_touch(command, task.machine, task.call):
            return
        now_ms = self._house.clock.now().wall_ms
        came = await task.ask(_event(command, now_ms), left_ms)
        if came is Outcome.GONE:
            return
        outcome = _outcome(came, command, task.machine, now_ms)
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


def _outcome(came: Step | Outcome, command: Command, machine: Machine[Any], now_ms: int) -> Outcome:
    if isinstance(came, Outcome):
        return came
    return machine.outcome(command.order, *came, now_ms)


def _may_touch(command: Command, machine: Machine[Any], call: LiveCall) -> bool:
    return command.organisation in (None, machine.terms(call).organisation)


def _event(command: Command, now_ms: int) -> Event:
    if command.order is CallOrder.END:
        return EndOrdered(at_ms=now_ms, reason=command.reason, by=command.by)
    return WarnOrdered(at_ms=now_ms, by=command.by)
