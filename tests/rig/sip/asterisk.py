"""An Asterisk process of the rig's own: private folders, only named modules, watched, stopped.

The rig plays the phone network with it, and its self-test the far side too. It takes any
configuration; the engine's own Asterisk, configured for calls, is `engine/asterisk/process.py`.
"""

from __future__ import annotations

import asyncio
import random
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.asterisk.process import Program
from tests.programs import asterisk_program

CHECKOUT = Path(__file__).resolve().parents[3]
BOOT_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
# Asterisk keeps its control socket in a path of at most 107 bytes (sun_path), whatever the run's
# folder is called.
RUN_FOLDER_PREFIX = "groschen-rig-"
RTP_PORTS = 2000


def free_port(host: str = "127.0.0.1", kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of `host` that nobody holds at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def rtp_conf() -> str:
    """`rtp.conf` with a port range of its own, below the system's ephemeral ports.

    Ranges of runs side by side may overlap: Asterisk takes the next free port of its range.
    """
    start = random.randrange(10_000, 32_000 - RTP_PORTS, 2)
    return f"[general]\nrtpstart={start}\nrtpend={start + RTP_PORTS}\nstrictrtp=no\n"


class AsteriskError(RuntimeError):
    """Asterisk did not start, or refused a command; the text holds what it said."""


class Asterisk:
    """One Asterisk process; an async context manager that boots it and stops it."""

    def __init__(
        self,
        folder: Path,
        *,
        files: Mapping[str, str],
        modules: str,
        program: Program | None = None,
    ) -> None:
        """Prepare a run in `folder`: `files` are configuration files by name, `modules`
        (names without `.so`, apart by white space) are loaded in order, nothing else is.
        """
        self.folder = folder
        self.log = folder / "log" / "full"
        self._program = program or asterisk_program()
        self._files = dict(files)
        self._modules = modules.split()
        self._process: asyncio.subprocess.Process | None = None
        self._run: tempfile.TemporaryDirectory[str] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._start()
            await asyncio.wait_for(self._booted(), BOOT_TIMEOUT_S)
        except BaseException:
            await self.stop()
            raise
        return self

    async def _start(self) -> None:
        self._run = tempfile.TemporaryDirectory(prefix=RUN_FOLDER_PREFIX)
        self._write_configuration(self._run.name)
        console = (self.folder / "console").open("wb")
        with console:
            self._process = await asyncio.create_subprocess_exec(
                # However the test ends, the kernel ends Asterisk with it.
                *("setpriv", "--pdeathsig", "TERM"),
                *(str(self._program.executable), "-f", "-n", "-C", str(self._conf)),
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                stdout=console,
                stderr=asyncio.subprocess.STDOUT,
            )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def command(self, line: str) -> str:
        """What Asterisk's console prints for `line`.

        Raises AsteriskError where it cannot be reached.
        """
        remote = await asyncio.create_subprocess_exec(
            *(str(self._program.executable), "-C", str(self._conf), "-rx", line),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await remote.communicate()
        if remote.returncode:
            raise AsteriskError(f"{line}: {output.decode(errors='replace').strip()}")
        return output.decode(errors="replace")

    async def stop(self) -> None:
        """End the process, at the latest by force, and remove its control socket."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._run is not None:
            self._run.cleanup()

    @property
    def _conf(self) -> Path:
        return self.folder / "etc" / "asterisk.conf"

    async def _booted(self) -> None:
        assert self._process is not None
        while self._process.returncode is None:
            try:
                await self.command("core waitfullybooted")
                return
            except AsteriskError:
                await asyncio.sleep(0.05)
        raise AsteriskError((self.folder / "console").read_text(errors="replace")[-2000:])

    def _write_configuration(self, run_folder: str) -> None:
        folders = {
            "astetcdir": "etc",
            "astvarlibdir": "lib",
            "astdbdir": "db",
            "astkeydir": "lib",
            "astagidir": "lib/agi-bin",
            "astspooldir": "spool",
            "astlogdir": "log",
        }
        for name in set(folders.values()):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        lines = ["[directories]", f"astrundir => {run_folder}"]
        lines += [f"{key} => {self.folder / name}" for key, name in folders.items()]
        lines += [
            f"astmoddir => {self._program.module_dir}",
            f"astdatadir => {self._program.data_dir}",
            "[options]",
            "live_dangerously = no",
            "defaultlanguage = en",
        ]
        loads = "".join(f"load = {module}.so\n" for module in self._modules)
        files = {
            "asterisk.conf": "\n".join(lines) + "\n",
            "modules.conf": f"[modules]\nautoload = no\n{loads}",
            "logger.conf": (
                "[general]\ndateformat = %F %T.%3q\n[logfiles]\n"
                "full => notice,warning,error,verbose(3)\n"
            ),
            "rtp.conf": rtp_conf(),
            **self._files,
        }
        for name, text in files.items():
            (self.folder / "etc" / name).write_text(text)
