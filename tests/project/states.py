"""Each machine's state diagram, drawn from its table; `scripts/draw` writes it down.

What a handler may lead to is read from its source: every `go(State.X)` and `state=State.X` in it
and in whatever of its service's room it calls. So no diagram can say anything the code does not.
"""

import ast
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from textwrap import dedent
from types import FunctionType, ModuleType
from typing import Any

from engine.diversion import call as diverted_call
from engine.forwarding import machine as forwarding_machine
from engine.premium import call as premium_call
from engine.premium import machine as premium_machine
from engine.probing import call as probe_call
from engine.probing import machine as probing_machine
from engine.tracking import machine as tracking_machine
from engine.verification import call as verification_call
from engine.verification import machine as verification_machine
from tests.project.house import parsed

ENGINE = Path(__file__).resolve().parents[2] / "engine"

Handler = Callable[..., Any]
Edge = tuple[StrEnum, StrEnum]
AT_ONCE = "at once"


@dataclass(frozen=True)
class Room:
    """A service's room: its machine, its states, and what a call of it is called."""

    name: str
    machine: ModuleType
    states: type[StrEnum]
    first: StrEnum
    last: StrEnum
    title: str
    unused: tuple[StrEnum, ...] = ()

    @property
    def used(self) -> list[StrEnum]:
        """Its states; one that shares them with another service need not have them all."""
        return [state for state in self.states if state not in self.unused]

    @property
    def drawn(self) -> Path:
        return ENGINE / self.name / "STATES.md"


PREMIUM = Room(
    "premium",
    premium_machine,
    premium_call.State,
    premium_call.State.ARRIVED,
    premium_call.State.FINISHED,
    "a premium call",
)
VERIFICATION = Room(
    "verification",
    verification_machine,
    verification_call.State,
    verification_call.State.BEGUN,
    verification_call.State.FINISHED,
    "a verification call",
)
FORWARDING = Room(
    "forwarding",
    forwarding_machine,
    diverted_call.State,
    diverted_call.State.ARRIVED,
    diverted_call.State.FINISHED,
    "a forwarded call",
    (diverted_call.State.BRIEFING,),
)
TRACKING = Room(
    "tracking",
    tracking_machine,
    diverted_call.State,
    diverted_call.State.ARRIVED,
    diverted_call.State.FINISHED,
    "a tracking call",
    (diverted_call.State.ADMITTING,),
)
PROBING = Room(
    "probing",
    probing_machine,
    probe_call.State,
    probe_call.State.BEGUN,
    probe_call.State.FINISHED,
    "a probe",
)
ROOMS = (PREMIUM, VERIFICATION, FORWARDING, TRACKING, PROBING)


def edges(room: Room) -> dict[Edge, set[str]]:
    """Every change of state that the table can bring about, and what may cause it: an event, a
    timer by its name, or the entering of the state itself (`at once`)."""
    found: dict[Edge, set[str]] = defaultdict(set)
    for (state, key), handler in {**room.machine.COMMON, **room.machine.TRANSITIONS}.items():
        cause = key if isinstance(key, str) else key.__name__
        for target in targets(room, handler) - {state}:
            found[state, target].add(cause)
    for state, enter in room.machine.ENTRIES.items():
        for target in targets(room, enter) - {state}:
            found[state, target].add(AT_ONCE)
    return found


def steps(room: Room) -> set[Edge]:
    """Where one step may lead, through states that are left as they are entered."""
    passing = {edge for edge, causes in edges(room).items() if AT_ONCE in causes}
    found = set(edges(room))
    while True:
        further = {(a, d) for a, b in found for c, d in passing if b is c and a is not d}
        if further <= found:
            return found
        found |= further


@cache
def targets(room: Room, handler: Handler) -> frozenset[StrEnum]:
    """The states that a handler, or what it calls in the room, goes to by itself."""
    found: set[StrEnum] = set()
    for function in _reached(room, handler):
        for node in ast.walk(parsed(dedent(inspect.getsource(function)))):
            found |= set(_states_of(room, node))
    return frozenset(found)


def _states_of(room: Room, node: ast.AST) -> Iterator[StrEnum]:
    """The states named in a `go(…)` or in a keyword `state=…`."""
    if not isinstance(node, ast.Call):
        return
    is_go = isinstance(node.func, ast.Attribute) and node.func.attr == "go"
    named = [
        *(node.args[:1] if is_go else ()),
        *(k.value for k in node.keywords if k.arg == "state"),
    ]
    for part in named:
        if isinstance(part, ast.Attribute) and part.attr in room.states.__members__:
            yield room.states[part.attr]


def _reached(room: Room, handler: Handler) -> Iterator[FunctionType]:
    """The handler and every function of the room that it calls, however deep."""
    seen: set[FunctionType] = set()
    waiting: list[object] = [handler]
    while waiting:
        function = waiting.pop()
        if not isinstance(function, FunctionType) or function in seen:
            continue
        is_of_room = (function.__module__ or "").startswith((f"engine.{room.name}", COMMON_ROOM))
        if not is_of_room or function.__qualname__ in SHARED:
            continue
        seen.add(function)
        yield function
        waiting += [
            _named(node, function)
            for node in ast.walk(parsed(dedent(inspect.getsource(function))))
            if isinstance(node, ast.Name | ast.Attribute)
        ]


COMMON_ROOM = "engine.diversion"
"""Where the handlers are that several services have in common."""

SHARED = ("Turn.go", "changed")
"""What changes a state as it is told; the caller names the state."""


def _named(node: ast.Name | ast.Attribute, function: FunctionType) -> object:
    """What a name or `module.name` in a function stands for; None if nothing of interest."""
    if isinstance(node, ast.Name):
        return function.__globals__.get(node.id)
    if isinstance(node.value, ast.Name):
        owner = function.__globals__.get(node.value.id)
        if isinstance(owner, ModuleType):
            return getattr(owner, node.attr, None)
    return None


def drawn(room: Room) -> str:
    """The document: a diagram, and each change of state with its causes."""
    changes = sorted(edges(room).items(), key=lambda change: _place(room, change[0]))
    source = f"engine/{room.name}/machine.py"
    lines = [
        f"# The states of {room.title}",
        "",
        f"Drawn from `{source}` by `scripts/draw`; a test checks that it is true.",
        "Left out: taking a call over (`CallAdopted`), which finds out in which state it really is",
        "and goes on from there, and what changes no state.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {room.first}",
        *(f"    {before} --> {after}" for (before, after), _ in changes),
        f"    {room.last} --> [*]",
        "```",
        "",
        "| from | to | by |",
        "|---|---|---|",
    ]
    for (before, after), causes in changes:
        lines.append(
            f"| {before} | {after} | {', '.join(f'`{cause}`' for cause in sorted(causes))} |"
        )
    return "\n".join([*lines, ""])


def _place(room: Room, edge: Edge) -> tuple[int, int]:
    order = list(room.states)
    return order.index(edge[0]), order.index(edge[1])


def main() -> None:
    for room in ROOMS:
        room.drawn.write_text(drawn(room))
        shown = room.drawn.relative_to(Path.cwd()) if sys.stdout.isatty() else room.drawn
        print(f"Wrote {shown}.")


if __name__ == "__main__":
    main()
