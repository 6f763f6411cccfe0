"""Premium calls in the shell's hands."""

from dataclasses import replace
from typing import ClassVar

from engine.core.account import AccountView
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.calling import called
from engine.core.events import CallArrived, Event
from engine.core.inventory import Inventory
from engine.core.number import mask
from engine.core.quota import Meter, cut_off_ms
from engine.core.rating import charge
from engine.flows.errands import CallTerms
from engine.flows.machines.machine import Machine
from engine.flows.machines.seen import LiveCall, Warned
from engine.flows.measures.call import CallMeasures
from engine.ports.metrics import Metrics
from engine.ports.people.commands import CallOrder, Outcome
from engine.premium import machine
from engine.premium.call import Keypad, PremiumCall, State
from engine.premium.telling import was_just_told

WARNINGS = ("warning_", "time_changed_", "call_limit_soon")
"""How the prompts begin that tell somebody how long the call may go on."""


class PremiumMachine(Machine[PremiumCall]):
    """`engine.premium.machine`."""

    kind: ClassVar[str] = "premium"
    record = PremiumCall

    def begin(self, event: CallArrived, call_id: str, inventory: Inventory) -> PremiumCall | None:
        trunk = inventory.trunk(event.trunk)
        service = inventory.service_of(called(event, trunk)) if trunk is not None else None
        if service is None or trunk is None:
            return None
        return machine.begin(event, call_id, service, trunk, inventory)

    def step(
        self, call: PremiumCall, event: Event, now: Now
    ) -> tuple[PremiumCall, tuple[Action, ...]]:
        return machine.step(call, event, now)

    def is_expected(self, call: PremiumCall, event: Event) -> bool:
        return machine.is_expected(call.state, event)

    def terms(self, call: PremiumCall) -> CallTerms:
        service = call.service
        return CallTerms(
            call_id=call.call_id,
            organisation=service.organisation,
            profile=service.profile,
            currency=call.currency,
            region=service.region,
            did=call.caller.did,
            agents=tuple(agent.name for agent in call.agents),
        )

    def service(self, call: PremiumCall) -> str:
        return call.service.name

    def measures(self, metrics: Metrics, call: PremiumCall) -> CallMeasures:
        return CallMeasures(metrics, call)

    def legs(self, call: PremiumCall) -> tuple[str, ...]:
        agent = (call.agent.leg,) if call.agent else ()
        return (call.caller.leg, *agent, *(rung.leg for rung in call.ringing))

    def agents(self, call: PremiumCall) -> tuple[str, ...]:
        agents = [*call.ringing, *([call.agent] if call.agent else [])]
        return tuple(agent.name for agent in agents if not agent.gone)

    def meter(self, call: PremiumCall) -> Meter | None:
        return call.meter

    def is_settling(self, call: PremiumCall) -> bool:
        return call.state in (State.SETTLING, State.FINISHED)

    def knows(self, call: PremiumCall, view: AccountView) -> bool:
        return view == call.view

    def encode(self, call: PremiumCall) -> bytes:
        """See `Machine`. Whoever adopts the call asks anew: no PIN is ever written to a disk."""
        return super().encode(replace(call, keypad=Keypad(tries=call.keypad.tries)))

    def seen(
        self, call: PremiumCall, engine: str, view: AccountView | None, at_ms: int
    ) -> LiveCall:
        caller = call.caller
        return LiveCall(
            at_ms=at_ms,
            call_id=call.call_id,
            organisation=call.service.organisation,
            engine=engine,
            service=call.service.title or call.service.name,
            account_id=call.account_id,
            caller=mask(caller.e164) if caller.e164 and not caller.withheld else None,
            withheld=caller.withheld,
            agent=call.agent.name if call.agent else None,
            state=call.state,
            since_ms=call.since_ms or caller.arrived_ms,
            arrived_ms=caller.arrived_ms,
            currency=call.currency,
            cost_micros=_cost_micros(call, at_ms),
            meter_runs=call.meter is not None and call.meter.running,
            left_ms=_left_ms(call, view, at_ms),
            balance_micros=view.balance_micros if view is not None else None,
            held_micros=view.held_micros if view is not None else None,
            warned=tuple(Warned(*told) for told in call.told if told[2].startswith(WARNINGS)),
            ordered=call.ordered,
            first_call=call.first_call,
            config_version=call.config_version,
            price_micros=call.rate.price_micros if call.rate else None,
        )

    def outcome(
        self, order: CallOrder, before: PremiumCall, after: PremiumCall, now_ms: int
    ) -> Outcome:
        """See `Machine`. What was carried out is noted in the call."""
        if after.ordered != before.ordered:
            return Outcome.DONE
        is_talking = before.state is State.TALKING
        if order is CallOrder.WARN and is_talking and was_just_told(before, now_ms):
            return Outcome.TOO_SOON
        return Outcome.GONE if self.is_settling(before) else Outcome.NOT_TALKING


def _cost_micros(call: PremiumCall, at_ms: int) -> int:
    """R of the increments begun; a call that was never joined costs nothing."""
    if call.meter is None or call.joined_ms is None:
        return 0
    return charge(call.meter.rate, call.meter.begun_n(at_ms))


def _left_ms(call: PremiumCall, view: AccountView | None, at_ms: int) -> int | None:
    """Until the money ends, or the call is ended by force, whichever comes first."""
    if call.meter is None or not call.meter.running or view is None:
        return None
    end_ms = cut_off_ms(call.meter, view.others(call.call_id), view.balance_micros)
    if call.limit_ms is not None:
        end_ms = min(end_ms, call.limit_ms)
    return max(0, end_ms - at_ms)
