"""Reads the operator's own dialplan: the files of one folder, bounded in number and size.

`*.conf` files are included by ours in the order of their names, `*.inc` only where one of them
says so (`#include "own.d/NAME.inc"`).
"""

import re
from collections.abc import Mapping
from pathlib import Path

from engine.flows.config.problems import Mark, Problem, Problems

MOST_FILES = 100
MOST_BYTES = 1_000_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,58}\.(?:conf|inc)")


def read_own(folder: Path | None) -> dict[str, str] | Problems:
    """Name and text of each file; nothing if there is no such folder. Hidden files are left out."""
    if folder is None:
        return {}
    try:
        paths = sorted(path for path in folder.iterdir() if is_own(path.name))
    except FileNotFoundError:
        return {}
    except OSError as error:
        return _one(str(folder), "unreadable", f"the folder cannot be read: {error.strerror}")
    if len(paths) > MOST_FILES:
        return _one(str(folder), "too_many_files", f"the folder holds more than {MOST_FILES} files")
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for path in paths:
        outcome = _text(path)
        if isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            texts[path.name] = outcome
    return Problems(problems) if problems else texts


def is_own(name: str) -> bool:
    """Whether a file of this name in the operator's folder is one of them."""
    return name.endswith((".conf", ".inc")) and not name.startswith(".")


def draft_problems(own: Mapping[str, str]) -> Problems | None:
    """What is wrong with a draft of these files before it is read; None if nothing is."""
    found = [_bad_name(name) for name in own if not _NAME.fullmatch(name)]
    if len(own) > MOST_FILES:
        return _one("own.d", "too_many_files", f"there are more than {MOST_FILES} files")
    return Problems(found) if found else None


def _text(path: Path) -> str | Problem:
    mark = Mark(path.name)
    if not _NAME.fullmatch(path.name):
        return _bad_name(path.name)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        return Problem.at(mark, "unreadable", "", f"the file cannot be read: {error.strerror}")
    if len(content) > MOST_BYTES:
        return Problem.at(mark, "too_large", "", f"the file holds more than {MOST_BYTES} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return Problem.at(mark, "encoding", "", "the file is not UTF-8 text")


def _bad_name(name: str) -> Problem:
    message = "the name may hold letters, digits, _, . and - only, and must end in .conf or .inc"
    return Problem.at(Mark(name), "file_name", "", message)


def _one(file: str, rule: str, message: str) -> Problems:
    return Problems([Problem.at(Mark(file), rule, "", message)])
