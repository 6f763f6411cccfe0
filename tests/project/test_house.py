"""The project held against its house rules, and each rule against text that breaks it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.project import house

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".hypothesis", "var", "build", "dist", "__pycache__", "node_modules"}
CODE_ROOMS = ("engine/", "tests/", "scripts/", "dialplan/", ".ci/")
CODE_ENDS = {"", ".py", ".sh", ".lua", ".j2", ".sql"}

# Rooms that may hold more than ten Python files, with the reason.
LARGE_ROOMS = {
    "engine/core": "the vocabulary every service shares; one file per term of the field",
    "engine/ledger/migrations/versions": "one file per step in the history of the tables",
    "engine/ports": "one file per need of the outside: promises, no code",
    "tests/flows": "one file per part of a call that can go one way or another",
    "tests/core": "one file per file of the core",
    "tests/web/console/subjects": "one file per subject of the console",
}

# Documents that tell of the past, where a path may be gone.
HISTORIES = ("engine/decisions/", "CHANGELOG.md")


def _files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if name not in NOT_OURS and not name.endswith(("_cache", ".egg-info"))
        )
        yield from (Path(folder, name) for name in sorted(names) if name != ".git")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _text(path: Path) -> str | None:
    content = path.read_bytes()
    return None if b"\0" in content else content.decode(errors="replace")


FILES = list(_files())
PYTHON = [path for path in FILES if path.suffix == ".py"]
CODE = [path for path in FILES if _name(path).startswith(CODE_ROOMS) and path.suffix in CODE_ENDS]
DOCS = [path for path in FILES if path.suffix == ".md" and not _name(path).startswith(HISTORIES)]
PURE = [
    path
    for path in PYTHON
    if _name(path).startswith("engine/core/")
    or (_name(path).startswith("engine/") and path.stem.startswith(("machine", "rules")))
]


def _judge(paths: list[Path], rule: Callable[[str], Iterator[str]]) -> None:
    faults = [
        f"{_name(path)}: {fault}"
        for path in paths
        if (text := _text(path)) is not None
        for fault in rule(text)
    ]
    assert not faults, "\n" + "\n".join(faults)


def test_the_project_is_found() -> None:
    assert {"setup.cfg", "engine/errors.py", ".ci/run"} <= {_name(path) for path in FILES}
    assert PURE


def test_pure_rooms_are_pure() -> None:
    _judge(PURE, house.impurities)


def test_functions_are_short() -> None:
    _judge(PYTHON, house.oversizes)


def test_files_are_short() -> None:
    lengths = {_name(path): len((_text(path) or "").splitlines()) for path in CODE}
    assert {name: n for name, n in lengths.items() if n > house.FILE_LINES_MAX} == {}


def test_rooms_are_small() -> None:
    rooms: dict[str, int] = {}
    for path in PYTHON:
        if path.name != "__init__.py":
            room = _name(path.parent)
            rooms[room] = rooms.get(room, 0) + 1
    large = {room for room, count in rooms.items() if count > house.ROOM_FILES_MAX}
    assert large - set(LARGE_ROOMS) == set()


def test_modules_say_what_they_give() -> None:
    _judge([path for path in PYTHON if _name(path).startswith("engine/")], house.untold)


def test_ignored_types_have_a_reason() -> None:
    _judge(PYTHON, house.unreasoned_ignores)


def test_names_say_something() -> None:
    faults = [
        fault for path in PYTHON for fault in house.empty_names(_name(path), path.read_text())
    ]
    assert faults == []


def test_no_place_of_one_machine_is_named() -> None:
    _judge(FILES, house.places)


def test_every_path_named_in_a_document_exists() -> None:
    rooms = {part for path in FILES for part in _name(path).split("/")[:-1]}
    faults = [
        f"{_name(document)} names {named}"
        for document in DOCS
        for named in house.paths_named(document.read_text(), rooms)
        if not _exists(named, document)
    ]
    assert faults == []


def _exists(named: str, document: Path) -> bool:
    """A path counts from the root, `engine/` or the document; a bare name from anywhere."""
    if "/" not in named and any(path.match(named) for path in FILES):
        return True
    return any(any(base.glob(named)) for base in (ROOT, ROOT / "engine", document.parent))


@pytest.mark.parametrize(
    "source",
    [
        "price = 1.99",
        "price = float('1.99')",
        "def charge(seconds: float) -> int: ...",
        "price = total / 60",
        "price /= 60",
        "async def step() -> None: ...",
        "at = datetime.now(UTC)",
        "day = date.today()",
        "print(balance)",
        "open('balance')",
    ],
)
def test_impure_code_is_found(source: str) -> None:
    assert len(list(house.impurities(source))) == 1


def test_pure_code_passes() -> None:
    source = "total = Fraction(price, 60) * seconds\nminutes = seconds // 60\nnow = call.now\n"
    assert list(house.impurities(source)) == []


def test_a_long_function_is_found() -> None:
    body = "    pass\n" * house.FUNCTION_LINES_MAX
    assert list(house.oversizes(f"def long():\n{body}"))
    assert not list(house.oversizes("def short():\n" + body.removesuffix("    pass\n")))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("engine/core/utils.py", ""),
        ("engine/flows/call_manager.py", ""),
        ("engine/flows/calls.py", "class CallManager: ..."),
    ],
)
def test_empty_names_are_found(path: str, source: str) -> None:
    assert list(house.empty_names(path, source))


def test_other_faults_are_found() -> None:
    assert list(house.untold("x = 1"))
    assert list(house.unreasoned_ignores("x = y  # type: " + "ignore[misc]"))
    assert not list(house.unreasoned_ignores("x = y  # type: " + "ignore[misc]  # untyped library"))
    assert list(house.places("cd /wo" + "rk/main"))


def test_paths_are_read_from_documents() -> None:
    text = "`sounds/<lang>/`, `engine/core/call.py` and `cli.py`; not `call`, `60/60` or `var/venv`"
    named = list(house.paths_named(text, {"engine", "sounds"}))
    assert named == ["sounds/*", "engine/core/call.py", "cli.py"]
