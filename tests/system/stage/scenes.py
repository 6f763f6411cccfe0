"""Scenes: calls with a line, agents and callers of their own, played many at once in one house.

    @scene(line(), agents=2)
    async def test_busy_then_next(s: Scene) -> None:
        ...

Each scene is a test. All that were selected are played side by side, so many at once as the
machine bears without disturbing the timing of any; a test waits for its own scene. After a
scene every call of its line must be booked alike in record, journal, balance and quote.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from engine.core.cdr import CallRecord
from engine.core.inventory import (
    Agent,
    AgentKind,
    BillingProfile,
    HuntGroup,
    Inventory,
    Organisation,
    Service,
    Trunk,
)
from engine.core.number import NumberFormat
from engine.core.posting import EntryKind
from tests.flows.bills import assert_billed
from tests.rig.house import BOOKED_WITHIN_S, RealHouse
from tests.rig.outside import OutsideWorld
from tests.rig.sip.agents import Agent as Phone
from tests.rig.sip.legs import Leg
from tests.system.stage.lines import ORGANISATION, PROFILE
from tests.system.stage.listening import Listeners, Witness

CALLS_AT_ONCE = 5
BETWEEN_STARTS_S = 0.7
PLAY_LIMIT_S = 240
TRUNK = "carrier"
SILENT_HZ = 3500
BILLING = BillingProfile(name=PROFILE, organisation=ORGANISATION, currency="EUR")

Act = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Needs:
    """What a scene asks for: its line, how many phones (each made of the test's parameters, if a
    function) and outside numbers answer it, what is special about its hunt group."""

    line: Service | Callable[..., Service]
    act: Act
    agents: int | Callable[..., int] = 1
    outside: int = 0
    lang: str = "de"
    wrap_up_s: int = 0
    group: Mapping[str, Any] = field(default_factory=dict)


def scene(
    line: Service | Callable[..., Service],
    *,
    agents: int | Callable[..., int] = 1,
    outside: int = 0,
    lang: str = "de",
    wrap_up_s: int = 0,
    **group: Any,
) -> Callable[[Act], Act]:
    """A test that is played as a scene; its first argument is the `Scene`."""

    def decorate(act: Act) -> Act:
        async def test(stage: Stage, request: pytest.FixtureRequest, **_values: Any) -> None:
            await stage.outcome(request.node.nodeid)

        values = list(inspect.signature(act).parameters.values())[1:]
        ours = list(inspect.signature(test).parameters.values())[:2]
        signature = inspect.Signature([*ours, *values])
        test.__signature__ = signature  # type: ignore[attr-defined]  # read by pytest
        test.__name__, test.__doc__, test.__module__ = act.__name__, act.__doc__, act.__module__
        needs = Needs(line, act, agents, outside, lang, wrap_up_s, group)
        test.needs = needs  # type: ignore[attr-defined]  # read by the stage
        marked: Act = pytest.mark.timeout(2 * PLAY_LIMIT_S + 60)(
            pytest.mark.asyncio(loop_scope="session")(test)
        )
        return marked

    return decorate


class Cast:
    """One scene before it is played: its number gives names that no other scene has."""

    def __init__(self, number: int, needs: Needs, values: Mapping[str, Any]) -> None:
        self.needs = needs
        self.values = values
        self.did = f"+4930231{25000 + number}"
        self.landline = f"+4930231{35000 + number}"
        self.mobile = f"+49152288{10000 + number}"
        self.foreign = f"+33142685{100 + number}"
        agents = needs.agents(**values) if callable(needs.agents) else needs.agents
        self.phones = tuple(f"s{number}a{k}" for k in range(1, agents + 1))
        self.outside = tuple(f"+4989{5000000 + 10 * number + k}" for k in range(needs.outside))
        self.group = HuntGroup(
            name=f"group{number}",
            organisation=ORGANISATION,
            agents=(*self.phones, *(f"out{n[1:]}" for n in self.outside)),
            **needs.group,
        )
        plan = needs.line(**values) if callable(needs.line) else needs.line
        self.service = replace(
            plan,
            name=f"line{number}",
            dids=(self.did,),
            group=self.group.name,
            caller_list=f"list{number}" if plan.tariff.first_call else "",
        )

    @property
    def weight(self) -> int:
        """How many calls it may be."""
        return len(self.phones) + len(self.outside)

    def agents(self, phones_port: int) -> tuple[Agent, ...]:
        lang = self.needs.lang
        phones = (
            Agent(
                name=name,
                organisation=ORGANISATION,
                address=f"127.0.0.1:{phones_port}",
                wrap_up_s=self.needs.wrap_up_s,
                lang=lang,
                user=f"{name}@acme.example",
            )
            for name in self.phones
        )
        outside = (
            Agent(
                name=f"out{number[1:]}",
                organisation=ORGANISATION,
                kind=AgentKind.OUTSIDE,
                address=number,
                trunk=TRUNK,
                wrap_up_s=0,
                lang=lang,
            )
            for number in self.outside
        )
        return (*phones, *outside)


def organise(
    world: OutsideWorld,
    casts: Sequence[Cast],
    profile: BillingProfile = BILLING,
    **trunk: Any,
) -> Inventory:
    """One organisation with all lines and agents of the scenes, behind one trunk."""
    carrier = Trunk(
        name=TRUNK,
        host="127.0.0.1",
        port=world.network_port,
        number_format=NumberFormat.E164_PLUS,
        **trunk,
    )
    return Inventory(
        version=1,
        organisations=(Organisation(name=ORGANISATION, title="Acme"),),
        trunks=(carrier,),
        agents=tuple(agent for cast in casts for agent in cast.agents(world.phones_port)),
        groups=tuple(cast.group for cast in casts),
        profiles=(profile,),
        services=tuple(cast.service for cast in casts),
    )


class Scene:
    """A cast in its house: callers call, agents answer, money comes and goes."""

    def __init__(
        self,
        house: RealHouse,
        cast: Cast,
        listeners: Listeners,
        leave_stage: Callable[[], None] = lambda: None,
    ) -> None:
        """`leave_stage` lets the next scene begin: called when only listening is left."""
        self._leave_stage = leave_stage
        self.house = house
        self.cast = cast
        self.did = cast.did
        self.caller = cast.landline
        self.phones: list[Phone] = [
            house.world.agent(name) for name in (*cast.phones, *cast.outside)
        ]
        self._listeners = listeners

    @property
    def agent(self) -> Phone:
        return self.phones[0]

    async def credit(self, micros: int) -> None:
        await self.house.book(self.caller, micros)

    async def debit(self, micros: int) -> None:
        await self.house.book(self.caller, -micros, EntryKind.DEBIT)

    async def call(self, **how: Any) -> Leg:
        """The caller calls the line, with his number asserted, unless said otherwise."""
        return await self.house.world.call(
            self.did, **({"pai": self.caller, "from_user": self.caller} | how)
        )

    async def talk(self, **how: Any) -> tuple[Leg, Leg]:
        """A call that has got to the conversation: both legs, when both hear each other."""
        call = await self.call(**how)
        leg = await self.agent.called()
        await call.answered()
        return call, leg

    async def records(self, count: int = 1) -> list[CallRecord]:
        """The records of so many calls to this line, in the order they arrived, once all are
        booked and the store knows of it."""
        deadline = time.monotonic() + BOOKED_WITHIN_S
        while True:
            all_records = await self.house.ledger.calls(None, 0, 2**53)
            records = [r for r in all_records if r.service == self.cast.service.name]
            if len(records) >= count and await self._is_told(records):
                return sorted(records, key=lambda record: record.arrived_ms)
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(records)} of {count} calls are booked: {records}")
            await asyncio.sleep(0.1)

    async def record(self) -> CallRecord:
        (record,) = await self.records()
        return record

    async def _is_told(self, records: Sequence[CallRecord]) -> bool:
        """Whether the store holds nothing for these calls any more."""
        for account_id in {r.account_id for r in records if r.account_id is not None}:
            view = await self.house.store.account(account_id)
            if view is None or view.holds or view.seq != await self._seq(account_id):
                return False
        return True

    async def _seq(self, account_id: str) -> int:
        account = await self.house.ledger.account(account_id)
        assert account is not None
        return account.seq

    async def balance(self, e164: str = "") -> int:
        return await self.house.balance(e164 or self.caller)

    async def caller_heard(self, call: Leg, leg: Leg | None, *expected: str) -> Witness:
        """What the caller heard; exactly `expected`, in that order."""
        return await self.heard(call, leg, expected, is_agent=False)

    async def agent_heard(self, leg: Leg, call: Leg, *expected: str) -> Witness:
        """What the agent heard; exactly `expected`, in that order."""
        return await self.heard(leg, call, expected, is_agent=True)

    async def heard(
        self,
        leg: Leg,
        other: Leg | None,
        expected: Sequence[str] | None,
        *,
        is_agent: bool,
        also: Sequence[str] = (),
    ) -> Witness:
        """What was heard on `leg`; exactly `expected`, unless None. `also` are further prompts
        that are listened for."""
        self._leave_stage()
        lang = self.cast.needs.lang if is_agent else self.cast.service.lang
        # Nobody speaks at this pitch: of an agent who was never there nothing can be heard.
        other_hz = other.tone_hz if other else SILENT_HZ
        wanted = (*(expected or ()), *also)
        witness = await self._listeners.listen(leg, wanted, other_hz, is_agent=is_agent, lang=lang)
        if expected is not None:
            assert witness.told == list(expected), (witness.told, leg.recording.path)
        return witness


class Plays:
    """Plays under way side by side, so much at once; each is awaited by its own test."""

    def __init__(self, most: int) -> None:
        """`most` is the weight that all that is under way may have together."""
        self._most = most
        self._free = asyncio.Semaphore(most)
        self._entrance = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(
        self, name: str, play: Callable[[Callable[[], None]], Awaitable[None]], weight: int = 1
    ) -> None:
        """Play as soon as there is room; `play` is given what makes room for the next one."""
        run = self._run(play, min(weight, self._most))
        self._tasks[name] = asyncio.create_task(run, name=name)

    async def outcome(self, name: str) -> None:
        """Wait for the end of a play; raises what it raised."""
        await asyncio.shield(self._tasks[name])

    async def over(self) -> None:
        """Wait for the end of all of them."""
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def end(self) -> None:
        """End what is still under way."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(
        self, play: Callable[[Callable[[], None]], Awaitable[None]], weight: int
    ) -> None:
        with ExitStack() as place:
            async with self._entrance:
                for _ in range(weight):
                    await self._free.acquire()
                    place.callback(self._free.release)
            async with asyncio.timeout(PLAY_LIMIT_S):
                await play(place.close)


class Stage:
    """The house in which all scenes are played."""

    def __init__(self, folder: Path, items: Sequence[pytest.Function]) -> None:
        self._casts = {
            item.nodeid: Cast(
                number,
                item.function.needs,
                item.callspec.params if hasattr(item, "callspec") else {},
            )
            for number, item in enumerate(items)
        }
        casts = tuple(self._casts.values())
        self.house = RealHouse(folder, (), organise=lambda world: organise(world, casts))
        self._listeners = Listeners()
        self._plays = Plays(CALLS_AT_ONCE)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.callback(self._listeners.close)
            await stack.enter_async_context(self.house)
            await self.house.start_engine()
            stack.push_async_callback(self._plays.end)
            for name, cast in self._casts.items():
                self._plays.begin(name, partial(self._play, cast), cast.weight)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def outcome(self, name: str) -> None:
        """Wait for the end of a scene; raises what it raised."""
        await self._plays.outcome(name)

    async def over(self) -> None:
        """Wait for the end of all scenes."""
        await self._plays.over()

    async def _play(self, cast: Cast, leave_stage: Callable[[], None]) -> None:
        await asyncio.sleep(BETWEEN_STARTS_S)
        scene = Scene(self.house, cast, self._listeners, leave_stage)
        await cast.needs.act(scene, **cast.values)
        for record in await scene.records(0):
            await assert_billed(record, self.house.ledger)
