"""The house rules that neither the linter nor the import contracts can see, as functions.

Each takes text and gives the faults it found, one sentence a fault. `test_house.py` beside it holds
the project against them, and each of them against text that breaks it.
"""

import ast
import gc
import re
from collections.abc import Iterator

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
ROOM_FILES_MAX = 10

CLOCK_CALLS = {"now", "utcnow", "today"}
WORLD_CALLS = {"print", "open", "input"}
EMPTY_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|misc)(_|\.|$)|[a-z](Manager|Utils?)$")
BARE_IGNORE = re.compile(r"#\s*type:\s*ignore(\[[\w,\- ]*\])?\s*$")
PATH_IN_DOC = re.compile(r"`([\w.<>*-]+(?:/[\w.<>*-]*)*)`")
FILE_OF_OURS = re.compile(r"\.(py|cfg|toml|md|lua)$")

# Written in pieces, so that this file does not hold what it looks for.
PLACES = [
    *(host + ".org" for host in ("debian", "pypi", "pythonhosted", "npmjs")),
    *("/" + folder + "/" for folder in ("work", "root", "tmp/brief")),
    ".." + "/shared",
    "/." + "library",
]


def parsed(source: str) -> ast.Module:
    """The tree of a source; garbage collected meanwhile disturbs the parser of CPython 3.11."""
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()


def impurities(source: str) -> Iterator[str]:
    """What a pure module must not hold: floats, waiting, a clock, the world outside."""
    for node in ast.walk(parsed(source)):
        fault = _impurity(node)
        if fault is not None:
            yield f"line {getattr(node, 'lineno', 0)}: {fault}"


def _impurity(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=float() | complex()):
            return "a float literal"
        case ast.Name(id="float"):
            return "a float"
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return "true division, which makes a float of integers; use // or Fraction(a, b)"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncWith() | ast.AsyncFor():
            return "asynchronous code"
        case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_CALLS:
            return f"a clock is read by {name}()"
        case ast.Call(func=ast.Name(id=name)) if name in WORLD_CALLS:
            return f"the world outside is reached by {name}()"
    return None


def oversizes(source: str) -> Iterator[str]:
    """Functions that are too long."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.name} has {lines} lines, more than {FUNCTION_LINES_MAX}"


def untold(source: str) -> Iterator[str]:
    """A module that holds code and does not say what it gives."""
    module = parsed(source)
    if module.body and ast.get_docstring(module) is None:
        yield "the module has no docstring"


def unreasoned_ignores(source: str) -> Iterator[str]:
    """Places that silence the type checker without a reason beside it."""
    for number, line in enumerate(source.splitlines(), start=1):
        if BARE_IGNORE.search(line):
            yield f"line {number}: a type: ignore without a reason"


def empty_names(path: str, source: str) -> Iterator[str]:
    """Files and classes whose name says nothing."""
    if EMPTY_NAMES.search(path.rsplit("/", 1)[-1]):
        yield f"the file name {path} says nothing"
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.ClassDef) and EMPTY_NAMES.search(node.name):
            yield f"the class name {node.name} says nothing"


def places(text: str) -> Iterator[str]:
    """Paths and hosts of one machine, which mean nothing on another."""
    for number, line in enumerate(text.splitlines(), start=1):
        for place in PLACES:
            if place in line:
                yield f"line {number}: {place}"


def paths_named(text: str, rooms: set[str]) -> Iterator[str]:
    """The paths that a document names in backticks, `<…>` made a wildcard.

    What only looks like a path (60/60, audio/wav) is told from one by its end or by its
    first part, which is one of `rooms`.
    """
    for found in PATH_IN_DOC.finditer(text):
        named = re.sub(r"<[^>]*>", "*", found.group(1))
        if FILE_OF_OURS.search(named) or ("/" in named and named.split("/")[0] in rooms):
            yield named.rstrip("/")
