"""Records what a real Asterisk says while calls of every kind go by.

    python -m tests.recordings.record

Each line of `NAME.jsonl` is one message of the event socket as it came. The tests of decoding read
them; record anew when the event filter, the configuration or Asterisk changes.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from engine.core.actions import HangUpReason
from engine.core.events import (
    DigitPressed,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegFailure,
    LegJoined,
    LegLeft,
    PlaybackEnded,
)
from tests.fakes.telephony import Manner
from tests.switchboard import AsteriskBench, order, plant

FOLDER = Path(__file__).parent
AT_ONCE = Manner(answers_after_ms=50)


async def conversation(bench: AsteriskBench) -> None:
    """Early media, answer, agent, whisper, keys, part, join again, the caller hangs up."""
    call = await bench.arrive()
    switch, ear = bench.telephony, bench.ear
    await switch.play(call, call, f"{call}-p1", (bench.short, bench.short))
    await ear.next(PlaybackEnded)
    await switch.answer(call)
    await ear.next(LegAnswered)
    dial = order(call, await bench.agent(AT_ONCE))
    await switch.dial(dial)
    await ear.next(LegAnswered)
    await switch.join(call, f"{call}-b1", (call, dial.leg))
    await ear.next(LegJoined)
    await ear.next(LegJoined)
    await switch.whisper(call, call, f"{call}-p2", (bench.short,))
    await ear.next(PlaybackEnded)
    await bench.caller_presses(call, "1")
    await ear.next(DigitPressed)
    await switch.part(f"{call}-b1", (call, dial.leg))
    await ear.next(LegLeft)
    await ear.next(LegLeft)
    await switch.play(call, call, f"{call}-p3", (bench.long,))
    await switch.stop_playback(f"{call}-p3")
    await ear.next(PlaybackEnded)
    await switch.join(call, f"{call}-b2", (call, dial.leg))
    await ear.next(LegJoined)
    await ear.next(LegJoined)
    await bench.caller_hangs_up(call)
    await ear.next(LegEnded)
    await switch.hang_up(dial.leg, HangUpReason.NORMAL)
    await ear.next(LegEnded)


async def failures(bench: AsteriskBench) -> None:
    """Agents who are busy, decline, do not exist, do not answer; a caller who gives up."""
    call = await bench.arrive()
    for number, reason in enumerate(
        (LegFailure.BUSY, LegFailure.REJECTED, LegFailure.WRONG_NUMBER)
    ):
        endpoint = await bench.agent(Manner(fails_with=reason))
        await bench.telephony.dial(order(call, endpoint, number=number))
        await bench.ear.next(LegFailed)
    endpoint = await bench.agent(Manner(answers_after_ms=None))
    await bench.telephony.dial(order(call, endpoint, number=3, ring_timeout_s=1))
    await bench.ear.next(LegFailed)
    await bench.telephony.play(call, call, f"{call}-p1", ("/there/is/no/such/file",))
    await bench.ear.next(PlaybackEnded)
    await bench.telephony.play(call, call, f"{call}-p2", (bench.long,))
    await bench.caller_hangs_up(call)
    await bench.ear.next(LegEnded)


async def record(name: str, scene: Callable[[AsteriskBench], Awaitable[None]]) -> None:
    """Let a scene play and write down every message."""
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with plant(Path(folder) / "plant") as running, AsteriskBench.open(running) as bench:
            socket = bench.telephony._intake._socket
            hear = socket._listener.on_message
            socket._listener = replace(
                socket._listener, on_message=lambda raw: (said.append(str(raw)), hear(raw))[1]
            )
            await scene(bench)
            await asyncio.sleep(0.2)
    (FOLDER / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in said))


if __name__ == "__main__":
    for scene in (conversation, failures):
        asyncio.run(record(scene.__name__, scene))
