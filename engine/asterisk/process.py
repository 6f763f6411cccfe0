"""Our own Asterisk: made in a private folder, started, watched and stopped.

`start` renders the configuration, finds free ports, boots the program that `asterisk.json` names
and returns when it answers. Who owns it is the caller's choice: with `dies_with_us` the kernel
ends it when the engine dies, however it dies; without, conversations outlive the engine and the
next one finds everything it needs in `access.json`. In production the engine is only given an
`Access` and this module is not used.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import random
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import aiohttp

from engine.asterisk import dialplan, notes
from engine.core.inventory import Inventory
from engine.errors import CallerError, RemoteError

LEAST_VERSION = (22, 10, 1)
BOOT_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
BOOT_POLL_S = 0.02
LOOK_AFTER_NOTES_S = 3600.0
RTP_PORTS = 1000
# sun_path holds 108 bytes with its final zero; the control socket is called asterisk.ctl.
RUN_FOLDER_MOST = 107 - len("/asterisk.ctl")
_SETPRIV = "setpriv"


@dataclass(frozen=True, slots=True)
class Program:
    """An Asterisk that can be run: as unpacked by the set-up, or the machine's own."""

    executable: Path
    version: str
    module_dir: Path
    data_dir: Path

    @classmethod
    def found(cls, facts: Path) -> Self:
        """Read from `asterisk.json`. `CallerError` if it is missing or of a version too old."""
        try:
            known = json.loads(facts.read_text())
        except FileNotFoundError:
            raise CallerError(f"{facts} is missing: run scripts/setup", "asterisk") from None
        version = str(known["version"])
        if tuple(int(part) for part in version.split(".")) < LEAST_VERSION:
            least = ".".join(map(str, LEAST_VERSION))
            raise CallerError(f"Asterisk {version} has known holes: {least} or newer", "asterisk")
        module_dir, data_dir = Path(known["module_dir"]), Path(known["data_dir"])
        return cls(Path(known["executable"]), version, module_dir, data_dir)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach an Asterisk, ours or another's: what the engine's settings name.

    `cel_file`: its notes of who was in which conversation when, if they can be read from here.
    `ari_monitor_password`: of the user `<ari_user>-monitor`, who may only look.
    """

    ari_url: str
    ari_user: str
    ari_password: str
    ami_host: str
    ami_port: int
    ami_user: str
    ami_secret: str
    sip_host: str
    sip_port: int
    cel_file: str = ""
    ari_monitor_password: str = ""

    @classmethod
    def read(cls, path: Path) -> Self:
        """What another engine's `start` left in its folder."""
        return cls(**json.loads(path.read_text()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What may differ from one run to another; ports of 0 are chosen."""

    sip_host: str = "127.0.0.1"
    sip_port: int = 0
    http_port: int = 0
    ami_port: int = 0
    agi_port: int = 4573
    music_folder: str = ""
    fault_prompt: str = ""
    first_timeout_s: int = 180
    verbose: bool = False
    dies_with_us: bool = True
    agent_secrets: Mapping[str, str] | None = None


def free_port(host: str, kind: socket.SocketKind) -> int:
    """A port nobody holds at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def hashed(password: str) -> str:
    """The password as `ari.conf` keeps it: crypt(5), scheme sha1crypt with few rounds.

    Asterisk computes this for every request. A scheme made slow against guessing would cost each
    call 7 ms (MD5) to 100 ms (SHA-512); 256 random bits cannot be guessed.
    """
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    answer: bytes | None = crypt(password.encode(), f"$sha1$4${secrets.token_hex(4)}$".encode())
    if answer is None or answer.startswith(b"*"):
        raise RemoteError("libcrypt on this machine has no sha1crypt", retryable=False)
    return answer.decode()


class AsteriskProcess:
    """One running Asterisk of ours. Made by `start`; `stop` leaves no process and no socket."""

    def __init__(
        self,
        program: Program,
        site: dialplan.Site,
        access: Access,
        dies_with_us: bool,
        on_death: Callable[[int], None] | None,
    ) -> None:
        self.program = program
        self.site = site
        self.access = access
        self.folder = Path(site.folder)
        self._dies_with_us = dies_with_us
        self._on_death = on_death
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False

    @classmethod
    async def start(
        cls,
        folder: Path,
        program: Program,
        inventory: Inventory,
        wishes: Wishes | None = None,
        *,
        on_death: Callable[[int], None] | None = None,
    ) -> Self:
        """Boot an Asterisk in `folder`; returns when it takes calls.

        `on_death` is told the exit code if it ends without `stop`. Raises `RemoteError` with the
        last lines it wrote if it does not come up.
        """
        wishes = wishes or Wishes()
        site, access = _plan(folder, program, wishes)
        asterisk = cls(program, site, access, wishes.dies_with_us, on_death)
        await _wait_until_free(Path(site.run_folder))
        asterisk.write_config(inventory)
        await asterisk._boot()
        return asterisk

    async def start_again(self) -> None:
        """Boot it once more after its death, with the same ports and secrets."""
        await self._boot()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RemoteError("Asterisk is not running", retryable=False)
        return self._process.pid

    def write_config(self, inventory: Inventory) -> None:
        """Render everything into the folder; Asterisk reads it at its next reload.

        Of the operator's own dialplan it goes on including what was last applied.
        """
        Path(self.site.music_folder).mkdir(parents=True, exist_ok=True)
        Path(self.site.run_folder).mkdir(parents=True, exist_ok=True)
        own = sorted(path.name for path in (self.folder / "etc" / "own.d").glob("*.conf"))
        write_config(self.folder, dialplan.render(inventory, self.site, own))
        write_site(self.folder, self.site)
        write_private(self.folder / "access.json", json.dumps(asdict(self.access)))

    async def run_command(self, command: str) -> str:
        """What Asterisk's own console answers to a command (`core show channels`)."""
        config = str(self.folder / "etc" / "asterisk.conf")
        process = await asyncio.create_subprocess_exec(
            self.program.executable, "-C", config, "-rx", command,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return output.decode(errors="replace")

    async def stop(self) -> None:
        """End it: politely, then not. Repeating is fine."""
        self._stopping = True
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            await _end(process)
        if self._watch is not None:
            await self._watch
            self._watch = None
        if Path(self.site.run_folder).parent != self.folder:
            shutil.rmtree(self.site.run_folder, ignore_errors=True)

    async def _boot(self) -> None:
        command = [str(self.program.executable), "-f", "-n", "-C"]
        command.append(str(self.folder / "etc" / "asterisk.conf"))
        if self._dies_with_us:
            command = [_SETPRIV, "--pdeathsig", "TERM", *command]
        with (self.folder / "log" / "output.txt").open("wb") as output:
            # A session of its own: Ctrl-C in a terminal is the engine's to handle.
            self._process = await asyncio.create_subprocess_exec(
                *command, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True,
            )  # fmt: skip
        self._watch = asyncio.create_task(self._watch_over(self._process))
        try:
            async with asyncio.timeout(BOOT_TIMEOUT_S):
                await self._wait_until_booted(self._process)
        except TimeoutError:
            await self.stop()
            raise RemoteError(f"Asterisk did not come up in {BOOT_TIMEOUT_S:.0f} s") from None
        except BaseException:
            await self.stop()
            raise

    async def _wait_until_booted(self, process: asyncio.subprocess.Process) -> None:
        headers = {"Authorization": authorization(self.access)}
        async with aiohttp.ClientSession(headers=headers) as session:
            while True:
                if process.returncode is not None:
                    said = (self.folder / "log" / "output.txt").read_text(errors="replace")
                    raise RemoteError(f"Asterisk ended while booting: {said[-2000:]}")
                with contextlib.suppress(aiohttp.ClientError):
                    # 503 until every module is up.
                    async with session.get(f"{self.access.ari_url}/asterisk/ping") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(BOOT_POLL_S)

    async def _watch_over(self, process: asyncio.subprocess.Process) -> None:
        code = await self._wait_for_end(process)
        if self._on_death is not None and not self._stopping:
            self._on_death(code)

    async def _wait_for_end(self, process: asyncio.subprocess.Process) -> int:
        while True:
            notes.swap(Path(self.access.cel_file))
            try:
                async with asyncio.timeout(LOOK_AFTER_NOTES_S):
                    return await process.wait()
            except TimeoutError:
                continue


def write_config(folder: Path, rendered: Mapping[str, str]) -> None:
    """Write rendered files into `folder`/etc, each whole, and make the folders Asterisk wants."""
    for name in ("etc/own.d", "lib/agi-bin", "spool", "log/cel-custom"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in rendered.items():
        write_private(folder / "etc" / name, text)


def write_site(folder: Path, site: dialplan.Site) -> None:
    """Leave word of what the files in `folder` were rendered with, for whoever changes them."""
    write_private(folder / "site.json", json.dumps(asdict(site)))


def authorization(access: Access) -> str:
    """The `Authorization` header of every ARI request."""
    return aiohttp.encode_basic_auth(access.ari_user, access.ari_password)


def _plan(folder: Path, program: Program, wishes: Wishes) -> tuple[dialplan.Site, Access]:
    """Ports, folders and fresh secrets for one run."""
    folder = folder.absolute()
    password, monitor_password = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    ami_secret = secrets.token_hex(32)
    host, tcp, udp = "127.0.0.1", socket.SOCK_STREAM, socket.SOCK_DGRAM
    rtp_start = random.randrange(10_000, 32_000 - RTP_PORTS, 2)  # noqa: S311 - not a secret
    site = dialplan.Site(
        folder=str(folder),
        run_folder=str(_run_folder(folder)),
        module_dir=str(program.module_dir),
        data_dir=str(program.data_dir),
        music_folder=wishes.music_folder or str(folder / "music"),
        fault_prompt=wishes.fault_prompt or str(program.data_dir / "sounds/en/im-sorry"),
        ari_password_hash=hashed(password),
        ari_monitor_password_hash=hashed(monitor_password),
        ami_secret=ami_secret,
        sip_host=wishes.sip_host,
        sip_port=wishes.sip_port or free_port(wishes.sip_host, udp),
        http_port=wishes.http_port or free_port(host, tcp),
        ami_port=wishes.ami_port or free_port(host, tcp),
        agi_port=wishes.agi_port,
        rtp_start=rtp_start,
        rtp_end=rtp_start + RTP_PORTS - 1,
        first_timeout_s=wishes.first_timeout_s,
        verbose=wishes.verbose,
        agent_secrets=wishes.agent_secrets or {},
    )
    access = Access(
        ari_url=f"http://{site.http_host}:{site.http_port}/ari",
        ari_user=site.ari_user,
        ari_password=password,
        ami_host=site.ami_host,
        ami_port=site.ami_port,
        ami_user=site.ami_user,
        ami_secret=ami_secret,
        sip_host=site.sip_host,
        sip_port=site.sip_port,
        cel_file=str(folder / "log" / "cel-custom" / "cel.json"),
        ari_monitor_password=monitor_password,
    )
    return site, access


async def _wait_until_free(run_folder: Path) -> None:
    """Let one that was told to end with its owner finish ending; refuse if it does not."""
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            while _has_one_running(run_folder):  # noqa: ASYNC110 - no child of ours, nobody tells
                await asyncio.sleep(BOOT_POLL_S)
    except TimeoutError:
        raise RemoteError(f"an Asterisk runs in {run_folder} already", retryable=False) from None


def _has_one_running(run_folder: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as control:
        control.connect(str(run_folder / "asterisk.ctl"))
        return True
    return False


def _run_folder(folder: Path) -> Path:
    inside = folder / "run"
    if len(os.fsencode(inside)) <= RUN_FOLDER_MOST:
        return inside
    return Path(tempfile.mkdtemp(prefix="groschen-"))


def write_private(path: Path, text: str) -> None:
    """Written whole or not at all, and never readable by others: there are secrets in it."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
    fresh.replace(path)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
