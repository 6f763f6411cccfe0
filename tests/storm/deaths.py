"""Deaths by plan: at which step of a callback's way the engine, the store or the database dies.

A death is SIGKILL and nothing softer. The engine asks at every step; the victim is dead before the
step is left. All that is left to chance comes from the seed and from how many have died before, and
every death is a line in a file that outlives whoever died.

Processes die here, not the machine: what a server had handed to the operating system is still
there when it is started again. A server may be killed once more while it starts.
"""

import os
import random
import select
import signal
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ONE_IN = 10
ONE_IN_WHERE_MOST_ARE_LEFT = 2
AHEAD_MOST = 6
"""Somebody dies at one in so many passings of a step, and at none of one that is too far ahead."""

DEAD_WITHIN_MS = 5_000
CONNECT_S = 1.0


class Step(StrEnum):
    """Where somebody dies, in the order of a callback's way; `asked` and `captured` are the way of
    one that proves nothing."""

    RECEIVED = "received"
    """The body is read, nothing is verified."""
    JUDGED = "judged"
    """It is verified, no transaction has begun."""
    WRITTEN = "written"
    """Every row of the money is written, the transaction is not committed."""
    COMMITTED = "committed"
    """It is committed, not answered."""
    ANSWERED = "answered"
    """It is answered, the store has not been told."""
    APPLIED = "applied"
    """The store has applied it, the outbox still holds it."""
    MARKED = "marked"
    """The outbox has let go of it."""
    ASKED = "asked"
    """The provider is about to be asked."""
    CAPTURED = "captured"
    """The provider has taken the payer's money, which nobody here has noted."""


class Victim(StrEnum):
    """Who dies."""

    ENGINE = "engine"
    STORE = "store"
    DATABASE = "database"


Death = tuple[Step, Victim]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathPlan:
    """At every step of one engine each victim of `sockets` and the engine itself die `each` times.

    `sockets` are the Unix sockets at which the servers listen, by who they are. Of several engines
    one alone has servers die at its steps, so that no death is counted twice; the others meet with
    it wherever they are.
    """

    log: Path
    seed: int
    each: int
    sockets: dict[Victim, Path]

    @property
    def deaths(self) -> Counter[Death]:
        """All that are planned."""
        victims = (Victim.ENGINE, *self.sockets)
        return Counter({(step, victim): self.each for step in Step for victim in victims})

    def died(self) -> Counter[Death]:
        """Those that have been so far."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        words = (line.split() for line in lines)
        return Counter((Step(step), Victim(victim)) for step, victim in words)

    def left(self) -> Counter[Death]:
        """Those that are still to come."""
        return self.deaths - self.died()


def died(plans: Iterable[DeathPlan]) -> Counter[Death]:
    """The deaths that have been at the steps of all these engines."""
    return sum((plan.died() for plan in plans), Counter[Death]())


def left(plans: Iterable[DeathPlan]) -> Counter[Death]:
    """Those that are still to come."""
    return sum((plan.left() for plan in plans), Counter[Death]())


class Reaper:
    """Kills by plan, in the engine's own process."""

    def __init__(self, plan: DeathPlan) -> None:
        self._plan = plan
        self._left = plan.left()
        self._chance = random.Random(f"{plan.seed} {plan.died().total()}")

    def passed(self, step: Step) -> None:
        """A step has been reached; does not come back if it is the engine's last.

        Steps that are seldom reached are where somebody dies the more often, so that the deaths
        of all steps come to their end together.
        """
        left = Counter({of: sum(self._left[death] for death in self._at(of)) for of in Step})
        ahead = max(left.values()) - left[step]
        if left[step] == 0 or ahead > AHEAD_MOST:
            return
        if self._chance.randrange(ONE_IN if ahead else ONE_IN_WHERE_MOST_ARE_LEFT) == 0:
            self._kill(self._chance.choice(self._at(step)))

    def _at(self, step: Step) -> list[Death]:
        """The deaths that are left at a step."""
        return sorted(death for death, times in self._left.items() if death[0] is step and times)

    def _kill(self, death: Death) -> None:
        victim = death[1]
        if victim is Victim.ENGINE:
            self._note(death)
            os.kill(os.getpid(), signal.SIGKILL)
        pid = server_at(self._plan.sockets[victim])
        if pid is None:
            return
        kill_family(pid)
        self._note(death)
        self._left -= Counter([death])

    def _note(self, death: Death) -> None:
        with self._plan.log.open("a") as log:
            log.write(" ".join(death) + "\n")


def server_at(path: Path) -> int | None:
    """The process that listens at a Unix socket; None while nobody does."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(CONNECT_S)
        try:
            asked.connect(str(path))
        except OSError:
            return None
        credentials = asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def kill_family(pid: int) -> None:
    """Kill a process and its children in one go, and wait until they are dead.

    It is stopped first and dies last, so that no child is born meanwhile or hears of its death.
    """
    os.kill(pid, signal.SIGSTOP)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    family = [os.pidfd_open(member) for member in (*map(int, children), pid) if _lives(member)]
    try:
        for member in family:
            signal.pidfd_send_signal(member, signal.SIGKILL)
        for member in family:
            waiting = select.poll()
            waiting.register(member, select.POLLIN)
            if not waiting.poll(DEAD_WITHIN_MS):
                raise RuntimeError(f"{pid} was killed and lives")
    finally:
        for member in family:
            os.close(member)


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
