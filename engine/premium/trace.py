"""What would happen to a premium call: its state machine, driven through an imagined one.

`machine.begin` judges the caller, `machine.step` decides (`engine.core.imagined`). Money is there
as asked for, every agent is free and the first one rung answers, nobody hangs up: so the call goes
on until its money, its longest duration or the forced end.
"""

from dataclasses import dataclass
from typing import ClassVar

from engine.core import actions as a
from engine.core import events as e
from engine.core.account import AccountView, Hold
from engine.core.calling import called
from engine.core.hunt import ringing_order, rung_at_once
from engine.core.imagined import (
    LEG,
    Answers,
    Imagined,
    Step,
    World,
    arrived_of,
    begun,
    trunk_of,
)
from engine.core.inventory import Inventory, Service
from engine.core.number import mask
from engine.core.rating import charge, max_increments
from engine.core.tariff import rate_for
from engine.premium import machine
from engine.premium.call import PremiumCall, State
from engine.premium.hunt.briefing import ACCEPT_KEY
from engine.premium.rules import closed_because, is_blocked

ACCOUNT = "imagined"


def service_of(imagined: Imagined, inventory: Inventory) -> Service | None:
    """The service that the dialled number belongs to."""
    trunk = trunk_of(imagined, inventory)
    return inventory.service_of(called(arrived_of(imagined, trunk), trunk))


def trace(imagined: Imagined, inventory: Inventory) -> tuple[Step, ...]:
    """Step by step what would happen. `CallerError` for an unknown trunk or a caller's number that
    is none."""
    trunk = trunk_of(imagined, inventory)
    arrived = arrived_of(imagined, trunk)
    did = called(arrived, trunk)
    known = begun(imagined, trunk)
    service = inventory.service_of(did)
    if service is None:
        reason = a.HangUpReason.UNALLOCATED.value
        return (*known, Step(name="nobody", values={"did": did, "reason": reason}))
    call = machine.begin(arrived, LEG, service, trunk, inventory)
    world = _World(machine.step, call, arrived, imagined=imagined)
    world.run()
    return (*known, *_judged(call, imagined.at_ms), *world.steps)


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


@dataclass(kw_only=True)
class _World(World[PremiumCall]):
    """What a house answers to a premium call's orders."""

    other: ClassVar[str] = "agent"

    imagined: Imagined
    dialled: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        call = self.call
        rate = rate_for(call.service.tariff, call.caller.line, first_call=False)
        enough = charge(rate, max_increments(rate))
        given = self.imagined.balance_micros
        self.balance_micros = enough if given is None else given

    def stands(self) -> bool:
        return self.call.state is State.ENTERING

    def note_state(self) -> None:
        call = self.call
        if call.state is State.ENTERING:
            self.tell("pin_entry")
        elif call.state is State.TALKING and call.meter is not None:
            begins_ms = call.meter.at_elapsed_ms(0) - (call.joined_ms or self.now_ms)
            start = call.service.tariff.billing_start
            self.tell("billing", origin=start.origin.value, begins_s=begins_ms // 1000)
        elif call.state is State.HOLDING:
            self.tell("kept", seconds=call.service.free_hold_s)

    # --- how the house answers -----------------------------------------------------------

    def _view(self, *holds: Hold) -> AccountView:
        return AccountView(ACCOUNT, self.call.currency, self.balance_micros, 1, holds)

    def find_account(self, order: a.FindAccount) -> None:
        self.tell(
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
        self.tell("offer", caller_list=order.caller_list, granted=granted)
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
        self.tell(
            "price",
            line=self.call.caller.line.value,
            price_micros=rate.price_micros,
            first_price_micros=rate.first_price_micros,
            first_minutes=rate.first_minutes,
            increment=str(rate.increment),
            connect_fee_micros=rate.connect_fee_micros,
            currency=currency,
        )
        self.tell("hold", micros=order.levels[0], currency=currency, held=held)

    def play(self, order: a.Play | a.Whisper) -> None:
        super().play(order)
        if any(prompt.name == "press_to_accept" for prompt in order.prompts):
            pressed = e.DigitPressed(at_ms=self.now_ms, leg=order.leg, digit=ACCEPT_KEY)
            self.waiting.append(pressed)

    def claim_agents(self, order: a.ClaimAgents) -> None:
        group = self.call.group
        ringing = ringing_order(group.strategy, group.agents, {}, 0)
        self.tell(
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
            self.tell("agent", agent=order.agent)
            self.waiting.append(e.LegAnswered(at_ms=self.now_ms, leg=order.leg))

    def settle(self, order: a.Settle) -> None:
        record = order.record
        self.tell(
            "ended",
            outcome=(record.refusal or record.disposition).value,
            talk_s=record.talk_ms // 1000,
            charged_s=record.charged_s,
            charge_micros=record.charge_micros,
            currency=record.currency,
        )
        self.waiting.append(e.CallSettled(at_ms=self.now_ms))

    answers: ClassVar[Answers] = {
        **World.ANSWERS,
        a.Play: play,
        a.FindAccount: find_account,
        a.ClaimFirstCall: claim_offer,
        a.Reserve: reserve,
        a.ClaimAgents: claim_agents,
        a.DialAgent: dial,
        a.Settle: settle,
    }
