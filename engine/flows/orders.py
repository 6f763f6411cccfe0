"""Carrying out what a call orders: each action becomes calls on the ports.

Telephony orders are carried out one after the other, for their order matters and each takes a
millisecond or two. What asks store, ledger or agents is an errand (`errands`) and runs beside, and
so do words into a conversation: Asterisk takes longer over them, and no deadline waits for words.
"""

from collections.abc import Callable

import structlog

from engine.core import actions as a
from engine.core import events as e
from engine.errors import RemoteError
from engine.flows.clock import Timers
from engine.flows.errands import CallTerms, Errands
from engine.flows.errands import House as House
from engine.ports.speech import Missing
from engine.ports.telephony import Dial

log = structlog.get_logger(__name__)


class Orders:
    """The orders of one call, carried out."""

    def __init__(
        self,
        house: House,
        terms: CallTerms,
        timers: Timers,
        errands: Errands,
        tell: Callable[[e.Event], None],
    ) -> None:
        self._house = house
        self._terms = terms
        self._timers = timers
        self._errands = errands
        self._tell = tell
        self._log = log.bind(call=terms.call_id)

    async def carry_out(self, action: a.Action) -> None:
        """Carry out one action, or start it where it runs beside."""
        match action:
            case a.SetTimer():
                self._timers.set(action.name, action.at_ms)
            case a.CancelTimer():
                self._timers.cancel(action.name)
            case _ if self._errands.is_one(action):
                self._errands.start(action)
            case a.Whisper():
                self._errands.say(self._telephony(action))
            case a.StopPlayback() if self._errands.is_saying:
                self._errands.say(self._telephony(action))
            case _:
                await self._telephony(action)

    # --- telephony ---------------------------------------------------------------------

    async def _telephony(self, action: a.Action) -> None:
        try:
            await self._switch(action)
        except RemoteError as error:
            target = str(getattr(action, "leg", "") or getattr(action, "bridge", ""))
            name = type(action).__name__
            self._log.warning("order.failed", order=name, target=target, error=str(error))
            if isinstance(action, a.HangUp | a.Part):
                self._errands.repeat(name, lambda: self._switch(action))
            self._tell(
                e.OrderFailed(at_ms=self._now_ms(), order=name, target=target, reason=str(error))
            )

    async def _switch(self, action: a.Action) -> None:
        switch = self._house.telephony
        call_id = self._terms.call_id
        match action:
            case a.Answer():
                await switch.answer(action.leg)
            case a.HangUp():
                await switch.hang_up(action.leg, action.reason)
            case a.IndicateRinging():
                await switch.indicate_ringing(action.leg)
            case a.Play() | a.Whisper():
                await self._let_hear(action)
            case a.StopPlayback():
                await switch.stop_playback(action.playback)
            case a.StartMusic():
                await switch.start_music(action.leg)
            case a.StopMusic():
                await switch.stop_music(action.leg)
            case a.DialAgent():
                await self._dial(action)
            case a.DialOut():
                await self._dial_out(action)
            case a.Join():
                await switch.join(call_id, action.bridge, action.legs)
            case a.Part():
                await switch.part(action.bridge, action.legs)
            case a.SetDeadline():
                await switch.set_deadline(action.leg, max(1, action.at_ms - self._now_ms()))
            case _:
                raise AssertionError(f"no way to carry out {type(action).__name__}")

    async def _let_hear(self, action: a.Play | a.Whisper) -> None:
        """Play the audio of all prompts; if one has none, nothing is played."""
        audio: list[str] = []
        starts: list[int] = []
        for prompt in action.prompts:
            found = self._house.sounds.playlist(prompt, action.lang)
            if isinstance(found, Missing):
                self._log.error("prompt.missing", prompt=prompt.key(), reason=found.reason)
                self._ended_unheard(action.playback)
                return
            starts.append(len(audio))
            audio.extend(found)
        switch = self._house.telephony
        send = switch.play if isinstance(action, a.Play) else switch.whisper
        try:
            told = starts if action.noted else ()
            await send(self._terms.call_id, action.leg, action.playback, audio, told)
        except RemoteError as error:
            self._log.warning("playback.failed", leg=action.leg, error=str(error))
            self._ended_unheard(action.playback)

    def _ended_unheard(self, playback: str) -> None:
        self._tell(e.PlaybackEnded(at_ms=self._now_ms(), playback=playback, complete=False))

    async def _dial(self, action: a.DialAgent) -> None:
        agent = self._house.inventory().agent(action.agent)
        if agent is None:
            raise RemoteError(f"there is no agent {action.agent}", retryable=False)
        await self._house.telephony.dial(
            Dial(
                call_id=self._terms.call_id,
                leg=action.leg,
                endpoint=self._house.endpoint_of(agent),
                caller_number=action.show_number or self._terms.did,
                caller_name=action.show_name,
                ring_timeout_s=action.ring_timeout_s,
                deadline_ms=action.deadline_ms,
            )
        )

    async def _dial_out(self, action: a.DialOut) -> None:
        await self._house.telephony.dial(
            Dial(
                call_id=self._terms.call_id,
                leg=action.leg,
                endpoint=self._house.endpoint_of_number(action.trunk, action.e164),
                caller_number=action.show_number,
                caller_name=action.show_name,
                ring_timeout_s=action.ring_timeout_s,
                deadline_ms=action.deadline_ms,
            )
        )

    def _now_ms(self) -> int:
        return self._house.clock.now().wall_ms
