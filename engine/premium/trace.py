"""What would happen to a call: the state machine itself, driven through an imagined one.

Pure, and no second set of rules: `machine.begin` judges the caller, `machine.step` decides, and
this only gives the answers that a house would give if everything went well. Money is there as
asked for, every agent is free and the first one rung answers, nobody hangs up: so the call goes on
until its money, its longest duration or the forced end. What is said takes no time here.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core import actions as a
from engine.core import events as e
from engine.core.account import AccountView, Hold
from engine.core.call import Now
from engine.core.calling import called
from engine.core.hunt import ringing_order, rung_at_once
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Inventory, Service, Trunk
from engine.core.number import classify, mask
from engine.core.prompt import Prompt
from engine.core.rating import charge, max_increments
from engine.core.tariff import rate_for
from engine.errors import CallerError
from engine.premium import machine
from engine.premium.call import PremiumCall, State
from engine.premium.hunt.briefing import ACCEPT_KEY
from engine.premium.rules import closed_because, is_blocked

MOST_STEPS = 5_000
ACCOUNT = "imagined"
LEG = "imagined"

Value = str | int | bool | None | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagined:
    """The call that is asked about. `dialled` and `caller` as people write numbers in the trunk's
    country; no caller is one without any number. `balance_micros` None: enough for the longest
    call. `returning`: he has had the first-call offer. `trunk` empty: the first there is."""

    dialled: str
    at_ms: int
    caller: str = ""
    trunk: str = ""
    withheld: bool = False
    returning: bool = False
    balance_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens. `name` is a stable word, `values` are its facts, `says` what `who`
    (caller or agent) then hears in `lang`; `talked_s` is the time since both were joined."""

    name: str
    values: Mapping[str, Value]
    talked_s: int | None = None
    who: str = ""
    lang: str = ""
    says: tuple[Prompt, ...] = ()


def trunk_of(imagined: Imagined, inventory: Inventory) -> Trunk:
    """The trunk the call comes in by. `CallerError` if there is none (of that name)."""
    if not imagined.trunk and inventory.trunks:
        return inventory.trunks[0]
    trunk = inventory.trunk(imagined.trunk)
    if trunk is None:
        raise CallerError("is no trunk in the operator's files", "trunk")
    return trunk


def service_of(imagined: Imagined, inventory: Inventory) -> Service | None:
    """The service that the dialled number belongs to."""
    trunk = trunk_of(imagined, inventory)
    return inventory.service_of(called(_arrived(imagined, trunk), trunk))


def trace(imagined: Imagined, inventory: Inventory) -> tuple[Step, ...]:
    """Step by step what would happen. `CallerError` for an unknown trunk or a caller's number that
    is none."""
    trunk = trunk_of(imagined, inventory)
    arrived = _arrived(imagined, trunk)
    did = called(arrived, trunk)
    begun = [
        Step(name="number", values={"dialled": imagined.dialled, "did": did}),
        Step(name="trunk", values={"trunk": trunk.name, "vouches": trunk.vouches.value}),
    ]
    service = inventory.service_of(did)
    if service is None:
        reason = a.HangUpReason.UNALLOCATED.value
        return (*begun, Step(name="nobody", values={"did": did, "reason": reason}))
    call = machine.begin(arrived, LEG, service, trunk, inventory)
    world = _World(imagined, call, arrived)
    world.run()
    return (*begun, *_judged(call, imagined.at_ms), *world.steps)


def _arrived(imagined: Imagined, trunk: Trunk) -> e.CallArrived:
    did = classify(imagined.dialled, trunk.region).e164 or imagined.dialled
    values: tuple[str, ...] = ()
    if imagined.caller:
        number = classify(imagined.caller, trunk.region).e164
        if number is None:
            raise CallerError("is no telephone number", "from")
        values = (f"<sip:{number}@{trunk.host}>",)
    shown = "" if imagined.withheld or not values else values[0]
    identity = SignalledIdentity(
        asserted=values,
        privacy="id" if imagined.withheld else "",
        from_user=shown or "<sip:anonymous@anonymous.invalid>",
    )
    return e.CallArrived(
        at_ms=imagined.at_ms, leg=LEG, did=did, trunk=trunk.name, identity=identity
    )


def _judged(call: PremiumCall, at_ms: int) -> list[Step]:
    """What is known before the first decision."""
    caller, service = call.caller, call.service
    closed = closed_because(service.hours, at_ms)
    number = None if caller.e164 is None or caller.withheld else mask(caller.e164)
    return [
        Step(
            name="service",
            values={
                "service": service.name,
                "title": service.title or service.name,
                "organisation": service.organisation,
                "guard": service.guard,
            },
        ),
        Step(
            name="caller",
            values={
                "number": number,
                "withheld": caller.withheld,
                "verified": caller.verified,
                "line": caller.line.value,
            },
        ),
        Step(
            name="hours",
            values={
                "at_ms": at_ms,
                "timezone": service.hours.timezone,
                "state": closed.value if closed else "open",
            },
        ),
        Step(name="block_list", values={"blocked": is_blocked(caller.e164, service.blocked)}),
    ]


@dataclass
class _World:
    """A house in which everything goes well, and what is worth telling of a call in it."""

    imagined: Imagined
    call: PremiumCall
    arrived: e.CallArrived
    steps: list[Step] = field(default_factory=list)
    waiting: deque[e.Event] = field(default_factory=deque)
    timers: dict[str, int] = field(default_factory=dict)
    dialled: bool = False

    def __post_init__(self) -> None:
        self.now_ms = self.imagined.at_ms
        self.waiting.append(self.arrived)
        call = self.call
        rate = rate_for(call.service.tariff, call.caller.line, first_call=False)
        enough = charge(rate, max_increments(rate))
        given = self.imagined.balance_micros
        self.balance_micros = enough if given is None else given

    def run(self) -> None:
        """Step after step, until the call is over or the caller has to do something."""
        for _ in range(MOST_STEPS):
            if self.call.finished or self.call.state is State.ENTERING:
                return
            event = self._next()
            if event is None:
                return
            before = self.call.state
            now = Now(self.now_ms, self.now_ms - self.imagined.at_ms)
            self.call, orders = machine.step(self.call, event, now)
            self._note_state(before)
            for order in orders:
                answer = _ANSWERS.get(type(order))
                if answer is not None:
                    answer(self, order)

    def _next(self) -> e.Event | None:
        """What happens next: an answer that waits, else the timer that is due first."""
        if self.waiting:
            return self.waiting.popleft()
        if not self.timers:
            return None
        name = min(self.timers, key=lambda each: self.timers[each])
        due_ms = self.timers.pop(name)
        self.now_ms = max(self.now_ms, due_ms)
        return e.TimerFired(at_ms=self.now_ms, name=name, due_ms=due_ms)

    # --- what is told --------------------------------------------------------------------

    def _tell(self, name: str, **values: Value) -> None:
        self.steps.append(Step(name=name, values=values, talked_s=self._talked_s()))

    def _hear(self, who: str, lang: str, prompts: tuple[Prompt, ...]) -> None:
        told = Step(
            name="hears",
            values={"prompts": tuple(prompt.key() for prompt in prompts)},
            talked_s=self._talked_s(),
            who=who,
            lang=lang,
            says=prompts,
        )
        self.steps.append(told)

    def _talked_s(self) -> int | None:
        joined_ms = self.call.joined_ms
        return None if joined_ms is None else (self.now_ms - joined_ms) // 1000

    def _note_state(self, before: State) -> None:
        call = self.call
        if call.state is before:
            return
        if call.state is State.ENTERING:
            self._tell("pin_entry")
        elif call.state is State.TALKING and call.meter is not None:
            begins_ms = call.meter.at_elapsed_ms(0) - (call.joined_ms or self.now_ms)
            start = call.service.tariff.billing_start
            self._tell("billing", origin=start.origin.value, begins_s=begins_ms // 1000)
        elif call.state is State.HOLDING:
            self._tell("kept", seconds=call.service.free_hold_s)

    # --- how the house answers -----------------------------------------------------------

    def _view(self, *holds: Hold) -> AccountView:
        return AccountView(ACCOUNT, self.call.currency, self.balance_micros, 1, holds)

    def find_account(self, order: a.FindAccount) -> None:
        self._tell(
            "account",
            profile=order.profile,
            balance_micros=self.balance_micros,
            currency=self.call.currency,
            assumed=self.imagined.balance_micros is None,
        )
        returning = self.imagined.returning
        found = e.AccountFound(at_ms=self.now_ms, view=self._view(), returning=returning)
        self.waiting.append(found)

    def claim_offer(self, order: a.ClaimFirstCall) -> None:
        granted = not self.imagined.returning
        self._tell("offer", caller_list=order.caller_list, granted=granted)
        self.waiting.append(e.FirstCallSettled(at_ms=self.now_ms, granted=granted))

    def reserve(self, order: a.Reserve) -> None:
        affordable = sum(1 for level in order.levels if level <= self.balance_micros)
        granted_n = order.meter.granted_n + affordable
        if self.call.state is State.RESERVING:
            self._tell_price(order, held=affordable > 0)
        meter = order.meter.granted(granted_n)
        view = self._view(Hold(LEG, charge(meter.rate, granted_n), meter))
        answer = e.Reserved(at_ms=self.now_ms, step=order.step, granted_n=granted_n, view=view)
        self.waiting.append(answer)

    def _tell_price(self, order: a.Reserve, *, held: bool) -> None:
        rate, currency = order.meter.rate, self.call.currency
        self._tell(
            "price",
            line=self.call.caller.line.value,
            price_micros=rate.price_micros,
            first_price_micros=rate.first_price_micros,
            first_minutes=rate.first_minutes,
            increment=str(rate.increment),
            connect_fee_micros=rate.connect_fee_micros,
            currency=currency,
        )
        self._tell("hold", micros=order.levels[0], currency=currency, held=held)

    def play(self, order: a.Play) -> None:
        is_caller = order.leg == LEG
        self._hear("caller" if is_caller else "agent", order.lang, order.prompts)
        ended = e.PlaybackEnded(at_ms=self.now_ms, playback=order.playback, complete=True)
        self.waiting.append(ended)
        if any(prompt.name == "press_to_accept" for prompt in order.prompts):
            pressed = e.DigitPressed(at_ms=self.now_ms, leg=order.leg, digit=ACCEPT_KEY)
            self.waiting.append(pressed)

    def whisper(self, order: a.Whisper) -> None:
        self._hear("caller" if order.leg == LEG else "agent", order.lang, order.prompts)
        ended = e.PlaybackEnded(at_ms=self.now_ms, playback=order.playback, complete=True)
        self.waiting.append(ended)

    def answer(self, order: a.Answer) -> None:
        self._tell("answered")
        self.waiting.append(e.LegAnswered(at_ms=self.now_ms, leg=order.leg))

    def claim_agents(self, order: a.ClaimAgents) -> None:
        group = self.call.group
        ringing = ringing_order(group.strategy, group.agents, {}, 0)
        self._tell(
            "hunt",
            group=group.name,
            strategy=group.strategy.value,
            agents=ringing,
            at_once=rung_at_once(group.strategy, len(ringing)),
            ring_timeout_s=group.ring_timeout_s,
            rounds=group.rounds,
            max_wait_s=self.call.service.max_wait_s,
        )
        first = ringing[: rung_at_once(group.strategy, len(ringing))]
        self.waiting.append(e.AgentsClaimed(at_ms=self.now_ms, round=order.round, agents=first))

    def dial(self, order: a.DialAgent) -> None:
        if not self.dialled:
            self.dialled = True
            self._tell("agent", agent=order.agent)
            self.waiting.append(e.LegAnswered(at_ms=self.now_ms, leg=order.leg))

    def join(self, order: a.Join) -> None:
        for leg in order.legs:
            joined = e.LegJoined(at_ms=self.now_ms, leg=leg, bridge=order.bridge)
            self.waiting.append(joined)

    def hang_up(self, order: a.HangUp) -> None:
        if order.leg == LEG:
            self._tell("hung_up", reason=order.reason.value)

    def settle(self, order: a.Settle) -> None:
        record = order.record
        self._tell(
            "ended",
            outcome=(record.refusal or record.disposition).value,
            talk_s=record.talk_ms // 1000,
            charged_s=record.charged_s,
            charge_micros=record.charge_micros,
            currency=record.currency,
        )
        self.waiting.append(e.CallSettled(at_ms=self.now_ms))

    def set_timer(self, order: a.SetTimer) -> None:
        self.timers[order.name] = order.at_ms

    def cancel_timer(self, order: a.CancelTimer) -> None:
        self.timers.pop(order.name, None)


_ANSWERS: Mapping[type[a.Action], Callable[[_World, Any], None]] = {
    a.FindAccount: _World.find_account,
    a.ClaimFirstCall: _World.claim_offer,
    a.Reserve: _World.reserve,
    a.Play: _World.play,
    a.Whisper: _World.whisper,
    a.Answer: _World.answer,
    a.ClaimAgents: _World.claim_agents,
    a.DialAgent: _World.dial,
    a.Join: _World.join,
    a.HangUp: _World.hang_up,
    a.Settle: _World.settle,
    a.SetTimer: _World.set_timer,
    a.CancelTimer: _World.cancel_timer,
}
"""What each order of the machine is answered with; the others need no answer."""
