"""The engine as its operator starts it, with nothing but its environment."""

import asyncio
import gc
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from engine.app import Running, plan_of
from engine.cli.serve import work
from engine.settings import read_settings
from tests.programs import VAR

CONFIG = Path(__file__).parents[2] / "config"


def test_serve_works_until_it_is_told_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "asterisk.json").symlink_to(VAR / "asterisk.json")
    ports = {f"GROSCHEN_{name}_PORT": "0" for name in ("SIP", "AGI", "WEB", "HEALTH")}
    folders = {"GROSCHEN_VAR": str(tmp_path), "GROSCHEN_CONFIG": str(CONFIG)}
    told: list[asyncio.Task[int]] = []

    async def until_it_is_ready(run: Running) -> int:
        ready = f"http://127.0.0.1:{run.health_port}/readyz"
        async with aiohttp.ClientSession() as session, session.get(ready) as answer:
            status = answer.status
        os.kill(os.getpid(), signal.SIGTERM)
        return status

    async def served() -> None:
        before = gc.get_freeze_count()
        plan = plan_of(read_settings({**ports, **folders}))
        await work(plan, lambda run: told.append(asyncio.create_task(until_it_is_ready(run))))
        assert gc.get_freeze_count() > before  # no search of the whole heap while it serves
        gc.unfreeze()

    asyncio.run(served())

    assert [task.result() for task in told] == [200]
    shown = capsys.readouterr().err
    assert "Configuration: version 1" in shown
    assert "Serving: " in shown
