"""The measures of one call, noted beside its steps: the machine knows nothing of them."""

from collections.abc import Sequence
from typing import Any

from engine.core import events as e
from engine.core.actions import Action, DialAgent, Play, Reserve, SetDeadline, Whisper
from engine.core.call import Now
from engine.core.cdr import Disposition
from engine.ports.metrics import Metrics
from engine.premium.call import PremiumCall, State

OF_THE_SWITCH = (
    e.CallArrived,
    e.LegRinging,
    e.LegAnswered,
    e.LegFailed,
    e.LegEnded,
    e.LegJoined,
    e.LegLeft,
    e.PlaybackEnded,
    e.DigitPressed,
)
"""Events whose time is the switch's own."""

CUT_OFFS = (Disposition.MONEY_ENDED, Disposition.LIMIT_REACHED)


class Measures:
    """Sees every step of a call of whichever service; of most only how quick we are is noted."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def stepped(
        self, before: Any, after: Any, event: e.Event, actions: Sequence[Action], now: Now
    ) -> None:
        """A step was decided."""

    def carried_out(self, call: Any, event: e.Event, action: Action, now: Now) -> None:
        """An order of the step by `event` was carried out, or begun where it runs beside."""

    def handled(self, event: e.Event, now: Now) -> None:
        """All that an event brought about is ordered."""
        if isinstance(event, OF_THE_SWITCH):
            self._metrics.event_handled(now.wall_ms - event.at_ms)


class CallMeasures(Measures):
    """Sees every step of a premium call, from its arrival or from when it was taken over."""

    def __init__(self, metrics: Metrics, call: PremiumCall) -> None:
        super().__init__(metrics)
        self._service = call.service.name
        self._announced = call.state is not State.ARRIVED
        self._dialled_ms: dict[str, int] = {}
        self._unanswered: set[str] = set()
        self._due_ms: int | None = None
        self._is_credited = False

    def stepped(
        self,
        before: PremiumCall,
        after: PremiumCall,
        event: e.Event,
        actions: Sequence[Action],
        now: Now,
    ) -> None:
        """A step was decided."""
        for action in actions:
            if isinstance(action, DialAgent):
                self._dialled_ms[action.leg] = now.wall_ms
                self._unanswered.add(action.leg)
                self._metrics.agent_dialled(self._service)
        if after.joined_ms is not None and before.joined_ms is None:
            self._metrics.joined(self._service)
        if is_talking(before) and not is_talking(after):
            self._due_ms = due_ms(before)
        if isinstance(event, e.LegLeft | e.LegEnded) and not is_talking(after):
            self._left(after, event.at_ms)
        if isinstance(event, e.BalanceChanged) and event.credited_micros > 0:
            self._is_credited = any(isinstance(action, Reserve) for action in actions)
        self._take(event)
        if after.finished:
            self._metrics.ended(
                self._service,
                after.disposition or Disposition.FAULT,
                after.refusal or "",
                clock_alarm=after.clock_alarm,
            )

    def _take(self, event: e.Event) -> None:
        match event:
            case e.LegRinging(leg=leg) if leg in self._dialled_ms:
                delay_ms = event.at_ms - self._dialled_ms.pop(leg)
                self._metrics.agent_rang(self._service, max(0, delay_ms))
            case e.LegAnswered(leg=leg) if leg in self._unanswered:
                self._unanswered.discard(leg)
                self._metrics.agent_answered(self._service)

    def _left(self, call: PremiumCall, at_ms: int) -> None:
        """The first of the two is out of the conversation: that was its end."""
        if self._due_ms is None:
            return
        over_ms = at_ms - self._due_ms
        self._due_ms = None
        if call.disposition in CUT_OFFS:
            self._metrics.cut_off(self._service, max(0, over_ms))
        if over_ms > 0:
            self._metrics.unbilled(self._service, over_ms)

    def carried_out(self, call: PremiumCall, event: e.Event, action: Action, now: Now) -> None:
        """An order of the step by `event` was carried out, or begun where it runs beside."""
        if isinstance(action, Play | Whisper) and action.leg == call.caller.leg:
            self._spoken_to(call, event, now)
        match action:
            case Play(leg=leg) if leg == call.caller.leg and not self._announced:
                self._announced = True
                self._metrics.announced(self._service, now.wall_ms - call.caller.arrived_ms)
            case SetDeadline() if self._is_credited and isinstance(event, e.Reserved):
                self._is_credited = False
                if call.account_id is not None:
                    self._metrics.deadlines_moved(call.account_id, now.mono_ms)

    def _spoken_to(self, call: PremiumCall, event: e.Event, now: Now) -> None:
        """The caller hears something: of new money, if that is what the step was about."""
        is_credit = isinstance(event, e.BalanceChanged) and event.credited_micros > 0
        if is_credit and call.account_id is not None:
            self._metrics.credit_told(self._service, call.account_id, now.mono_ms)


def is_talking(call: PremiumCall) -> bool:
    """Whether both sides talk and the meter runs."""
    return call.state is State.TALKING and call.meter is not None and call.meter.running


def due_ms(call: PremiumCall) -> int:
    """When a conversation must end: with what is held for it, or by law before that."""
    assert call.meter is not None
    paid_ms = call.meter.paid_until_ms()
    return paid_ms if call.limit_ms is None else min(paid_ms, call.limit_ms)
