"""The premium call's state diagram, drawn from its table; `scripts/draw` writes it down.

What a handler may lead to is read from its source: every `go(State.X)` and `state=State.X` in it
and in whatever of `engine.premium` it calls. So the diagram cannot say anything the code does not.
"""

import ast
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent
from types import FunctionType, ModuleType
from typing import Any

from engine.premium import machine
from engine.premium.call import State
from tests.project.house import parsed

ROOM = "engine.premium"
DRAWN = Path(__file__).resolve().parents[2] / "engine/premium/STATES.md"

Handler = Callable[..., Any]
Edge = tuple[State, State]
AT_ONCE = "at once"


def edges() -> dict[Edge, set[str]]:
    """Every change of state that the table can bring about, and what may cause it: an event, a
    timer by its name, or the entering of the state itself (`at once`)."""
    found: dict[Edge, set[str]] = defaultdict(set)
    for (state, key), handler in {**machine.COMMON, **machine.TRANSITIONS}.items():
        cause = key if isinstance(key, str) else key.__name__
        for target in targets(handler) - {state}:
            found[state, target].add(cause)
    for state, enter in machine.ENTRIES.items():
        for target in targets(enter) - {state}:
            found[state, target].add(AT_ONCE)
    return found


def steps() -> set[Edge]:
    """Where one step may lead, through states that are left as they are entered."""
    passing = {edge for edge, causes in edges().items() if AT_ONCE in causes}
    found = set(edges())
    while True:
        further = {(a, d) for a, b in found for c, d in passing if b is c and a is not d}
        if further <= found:
            return found
        found |= further


@cache
def targets(handler: Handler) -> frozenset[State]:
    """The states that a handler, or what it calls in the room, goes to by itself."""
    found: set[State] = set()
    for function in _reached(handler):
        for node in ast.walk(parsed(dedent(inspect.getsource(function)))):
            found |= set(_states_of(node))
    return frozenset(found)


def _states_of(node: ast.AST) -> Iterator[State]:
    """The states named in a `go(…)` or in a keyword `state=…`."""
    if not isinstance(node, ast.Call):
        return
    is_go = isinstance(node.func, ast.Attribute) and node.func.attr == "go"
    named = [
        *(node.args[:1] if is_go else ()),
        *(k.value for k in node.keywords if k.arg == "state"),
    ]
    for part in named:
        if isinstance(part, ast.Attribute) and part.attr in State.__members__:
            yield State[part.attr]


def _reached(handler: Handler) -> Iterator[FunctionType]:
    """The handler and every function of the room that it calls, however deep."""
    seen: set[FunctionType] = set()
    waiting: list[object] = [handler]
    while waiting:
        function = waiting.pop()
        if not isinstance(function, FunctionType) or function in seen:
            continue
        if not (function.__module__ or "").startswith(ROOM) or function.__qualname__ in SHARED:
            continue
        seen.add(function)
        yield function
        waiting += [
            _named(node, function)
            for node in ast.walk(parsed(dedent(inspect.getsource(function))))
            if isinstance(node, ast.Name | ast.Attribute)
        ]


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


def drawn() -> str:
    """The document: a diagram, and each change of state with its causes."""
    changes = sorted(edges().items(), key=_place)
    lines = [
        "# The states of a premium call",
        "",
        "Drawn from `engine/premium/machine.py` by `scripts/draw`; a test checks that it is true.",
        "Left out: taking a call over (`CallAdopted`), which finds out in which state it really is",
        "and goes on from there, and what changes no state.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {State.ARRIVED}",
        *(f"    {before} --> {after}" for (before, after), _ in changes),
        f"    {State.FINISHED} --> [*]",
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


def _place(item: tuple[Edge, set[str]]) -> tuple[int, int]:
    return _rank(item[0][0]), _rank(item[0][1])


def _rank(state: State) -> int:
    return list(State).index(state)


def main() -> None:
    DRAWN.write_text(drawn())
    print(f"Wrote {DRAWN.relative_to(Path.cwd())}." if sys.stdout.isatty() else DRAWN)


if __name__ == "__main__":
    main()
