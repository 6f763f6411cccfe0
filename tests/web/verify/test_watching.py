"""What is left of a stream when its browser is gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.core.verification import Verification
from engine.web.verify import watching
from tests.verification.cases import verification


async def test_a_closed_stream_asks_for_nothing_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "HEARTBEAT_S", 0.001)
    found, ended = verification(), asyncio.Event()

    async def watched() -> AsyncIterator[Verification]:
        yield found
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    beats = watching._beating(watched())
    assert [await anext(beats), await anext(beats)] == [found, None]
    await beats.aclose()
    assert ended.is_set()
