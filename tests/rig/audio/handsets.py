"""The rig's phones, spoken to: one process that sends and hears the audio of every leg."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from tests.rig.audio import alaw
from tests.rig.sip.asterisk import CHECKOUT

ANSWER_TIMEOUT_S: Final = 10.0
# A talk tone lies 6 dB under the loudness prompts are normalised to, so that both together
# stay far from clipping.
TONE_PEAK: Final = 4000


def tone_octets(hz: int) -> bytes:
    """One second of a sine of whole `hz` in A-law; repeats without a seam."""
    seconds = np.arange(8000) / 8000
    return alaw.encode(TONE_PEAK * np.sin(2 * np.pi * hz * seconds)).tobytes()


class Handsets:
    """The handset process and the orders it takes; an async context manager."""

    def __init__(self, folder: Path) -> None:
        """Keep the sounds to be spoken in `folder`."""
        self._folder = folder
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.rig.audio.handset_process"),
            cwd=CHECKOUT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def open(self, leg: str) -> int:
        """A handset for `leg`; gives the UDP port of 127.0.0.1 it hears on."""
        port: int = (await self._order("open", leg=leg))["port"]
        return port

    async def reach(self, leg: str, port: int) -> None:
        """Begin sending to `port`, silence at first."""
        await self._order("reach", leg=leg, port=port)

    async def speak(self, leg: str, hz: int | None) -> int | None:
        """Speak a tone of `hz`, or fall silent; gives the instant (ns) the first frame was sent.

        None where the handset was closed before.
        """
        path = None
        if hz is not None:
            path = self._folder / f"{hz}.alaw"
            if not path.exists():
                path.write_bytes(tone_octets(hz))
        answer = await self._order("speak", leg=leg, octets=path and str(path))
        at_ns: int | None = answer["at_ns"]
        return at_ns

    async def close(self, leg: str, path: Path) -> int:
        """Put the handset away and what it heard into `path`; gives the instant (ns) of it."""
        ended_ns: int = (await self._order("close", leg=leg, path=str(path)))["ended_ns"]
        return ended_ns

    async def _order(self, do: str, **what: Any) -> dict[str, Any]:
        number = next(self._numbers)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "do": do, **what}).encode() + b"\n")
        try:
            return await asyncio.wait_for(asked, ANSWER_TIMEOUT_S)
        finally:
            del self._asked[number]

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            answer = json.loads(line)
            asked = self._asked.get(answer["id"])
            if asked is not None and not asked.done():
                asked.set_result(answer)
