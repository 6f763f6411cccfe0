"""Running our own Asterisk: it boots, is watched, stops, and goes or stays when its owner dies."""

import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
from pathlib import Path

import aiohttp
import pytest

from engine.asterisk import process
from engine.asterisk.process import (
    RUN_FOLDER_MOST,
    Access,
    AsteriskProcess,
    Program,
    authorization,
)
from engine.core.inventory import Inventory
from engine.errors import CallerError, RemoteError
from tests.programs import CHECKOUT, asterisk_program
from tests.switchboard import Plant

NOBODY = Inventory(version=1)


async def boot(folder: Path, **others: object) -> AsteriskProcess:
    return await AsteriskProcess.start(folder, asterisk_program(), NOBODY, **others)  # type: ignore[arg-type]  # given as is


def runs(pid: int) -> bool:
    """Whether a process is there and no corpse."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while runs(pid):  # noqa: ASYNC110 - nobody tells of another's child
            await asyncio.sleep(0.02)


async def test_it_answers_when_started_and_leaves_nothing(tmp_path: Path) -> None:
    deaths: list[int] = []
    asterisk = await boot(tmp_path / "a", on_death=deaths.append)
    pid = asterisk.pid
    assert "System uptime" in await asterisk.run_command("core show uptime")
    await asterisk.stop()
    await asterisk.stop()
    assert not runs(pid)
    assert deaths == []
    log = (tmp_path / "a" / "log" / "messages.log").read_text()
    assert " ERROR[" not in log


async def test_its_death_is_told(tmp_path: Path) -> None:
    died: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asterisk = await boot(tmp_path / "a", on_death=died.set_result)
    os.kill(asterisk.pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        assert await died == -signal.SIGKILL
    await asterisk.stop()


async def test_two_run_side_by_side(tmp_path: Path) -> None:
    first, second = await asyncio.gather(boot(tmp_path / "a"), boot(tmp_path / "b"))
    try:
        assert first.access.sip_port != second.access.sip_port
        assert "System uptime" in await first.run_command("core show uptime")
        assert "System uptime" in await second.run_command("core show uptime")
    finally:
        await asyncio.gather(first.stop(), second.stop())


async def test_a_deep_folder_keeps_its_socket_elsewhere(tmp_path: Path) -> None:
    asterisk = await boot(tmp_path / ("deep" * 30))
    run_folder = Path(asterisk.site.run_folder)
    assert _is_there(run_folder)
    assert len(str(run_folder)) <= RUN_FOLDER_MOST
    assert "System uptime" in await asterisk.run_command("core show uptime")
    await asterisk.stop()
    assert not _is_there(run_folder)


def _is_there(folder: Path) -> bool:
    return folder.exists()


async def test_a_folder_in_use_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_TIMEOUT_S", 0.3)
    asterisk = await boot(tmp_path / "a")
    with pytest.raises(RemoteError, match="already"):
        await boot(tmp_path / "a")
    monkeypatch.undo()
    await asterisk.stop()


async def test_what_does_not_come_up_says_why(tmp_path: Path) -> None:
    broken = asterisk_program()
    broken = Program(Path("/bin/false"), broken.version, broken.module_dir, broken.data_dir)
    with pytest.raises(RemoteError, match="ended while booting"):
        await AsteriskProcess.start(tmp_path / "a", broken, NOBODY)


def test_old_and_missing_programs_are_refused(tmp_path: Path) -> None:
    facts = tmp_path / "asterisk.json"
    with pytest.raises(CallerError, match="scripts/setup"):
        Program.found(facts)
    known = {"executable": "x", "module_dir": "x", "data_dir": "x"}
    for version in ("20.17.0", "22.10.0"):
        facts.write_text(json.dumps(known | {"version": version}))
        with pytest.raises(CallerError, match=version):
            Program.found(facts)
    facts.write_text(json.dumps(known | {"version": "22.11.0"}))
    assert Program.found(facts).version == "22.11.0"


OWNER = """
import asyncio, sys
from pathlib import Path
from engine.asterisk.process import AsteriskProcess, Wishes
from engine.core.inventory import Inventory
from tests.programs import asterisk_program

async def main() -> None:
    wishes = Wishes(dies_with_us=sys.argv[2] == "dies")
    inventory = Inventory(version=1)
    asterisk = await AsteriskProcess.start(Path(sys.argv[1]), asterisk_program(), inventory, wishes)
    print(asterisk.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("fate", ["dies", "stays"])
async def test_it_goes_or_stays_when_its_owner_is_killed(tmp_path: Path, fate: str) -> None:
    folder = tmp_path / "a"
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(folder), fate, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    pid = int(await owner.stdout.readline())
    owner.kill()
    await owner.wait()
    if fate == "dies":
        await gone(pid)
        return
    try:
        access = Access.read(folder / "access.json")
        headers = {"Authorization": authorization(access)}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{access.ari_url}/asterisk/ping") as answer,
        ):
            assert answer.status == 200
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        await gone(pid)


@pytest.mark.asyncio(loop_scope="session")
async def test_secrets_are_for_us_alone(shared_plant: Plant) -> None:
    folder = shared_plant.asterisk.folder
    for file in (folder / "access.json", *(folder / "etc").glob("*.conf")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = shared_plant.asterisk.access.ari_password
    assert password not in (folder / "etc" / "ari.conf").read_text()
