"""What an agent's phone does when it is called."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from tests.rig.sip.legs import PATIENCE_S, Leg

# SIP refusals and the Q.850 cause for which Asterisk's chan_pjsip sends them.
CAUSES: Final = {
    403: 21,
    404: 1,
    480: 19,
    486: 17,
    500: 38,
    503: 34,
    603: 16,
}


@dataclass(frozen=True)
class Behaviour:
    """What the phone does with the next call; times in seconds.

    `answer_after_s` counts from the INVITE (None: it rings on), the others from the answer.
    """

    refuse_with: int | None = None
    answer_after_s: float | None = 0.1
    press: str = ""
    press_after_s: float = 1.0
    hang_up_after_s: float | None = None


class Agent:
    """One agent's phone: an inside SIP phone, or an outside number behind the trunk."""

    def __init__(self, name: str, tone_hz: int) -> None:
        """`name` is the user part its INVITEs are for: a phone's name, or a number."""
        self.name = name
        self.tone_hz = tone_hz
        self.behaviour = Behaviour()
        self.legs: list[Leg] = []
        self._calls: asyncio.Queue[Leg] = asyncio.Queue()

    def answers(
        self,
        after_s: float = 0.1,
        *,
        press: str = "",
        press_after_s: float = 1.0,
        hang_up_after_s: float | None = None,
    ) -> None:
        """Answer `after_s` after the INVITE and speak; press keys, hang up later, if asked."""
        self.behaviour = Behaviour(None, after_s, press, press_after_s, hang_up_after_s)

    def voicemail(self, after_s: float = 0.5, *, hang_up_after_s: float = 20.0) -> None:
        """Answer by itself and speak, press nothing, hang up at the end of the tape."""
        self.answers(after_s, hang_up_after_s=hang_up_after_s)

    def rings_on(self) -> None:
        """Nobody answers."""
        self.behaviour = Behaviour(answer_after_s=None)

    def refuses(self, code: int, after_s: float = 0.0) -> None:
        """Answer with SIP `code` (one of CAUSES), `after_s` after the INVITE."""
        self.behaviour = replace(Behaviour(refuse_with=code), answer_after_s=after_s)

    def busy(self) -> None:
        self.refuses(486)

    def declines(self, after_s: float = 0.0) -> None:
        self.refuses(603, after_s)

    def unavailable(self) -> None:
        self.refuses(480)

    async def called(self, timeout_s: float = PATIENCE_S) -> Leg:
        """The next leg that reached this phone and was not handed out yet. TimeoutError."""
        return await asyncio.wait_for(self._calls.get(), timeout_s)

    async def take(self, leg: Leg) -> None:
        """Do with an incoming `leg` what the behaviour says; a phone in a call is busy."""
        engaged = any(not other.is_over for other in self.legs)
        self.legs.append(leg)
        await leg.receive()
        self._calls.put_nowait(leg)
        behaviour = Behaviour(refuse_with=486, answer_after_s=0.0) if engaged else self.behaviour
        await self._follow(leg, behaviour)

    async def _follow(self, leg: Leg, behaviour: Behaviour) -> None:
        if behaviour.answer_after_s is None or behaviour.answer_after_s > 0:
            await leg.ring()
        if behaviour.answer_after_s is None:
            return
        await asyncio.sleep(behaviour.answer_after_s)
        if behaviour.refuse_with is not None:
            await leg.reject(CAUSES[behaviour.refuse_with])
            return
        await leg.answer()
        answered = asyncio.get_running_loop().time()
        if behaviour.press:
            await asyncio.sleep(behaviour.press_after_s)
            await leg.dtmf(behaviour.press)
        if behaviour.hang_up_after_s is not None:
            passed_s = asyncio.get_running_loop().time() - answered
            await asyncio.sleep(max(0.0, behaviour.hang_up_after_s - passed_s))
            await leg.hang_up()
