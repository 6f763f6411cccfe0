"""Reads the operator's folder: its `*.yaml` files, bounded in number and size."""

from pathlib import Path

from engine.flows.config.problems import Mark, Problem, Problems
from engine.flows.config.tree import MOST_BYTES

MOST_FILES = 100
"""The most files of a configuration."""

Sources = dict[str, bytes]


def is_one(name: str) -> bool:
    """Whether a file of this name is one of the operator's."""
    return (
        name.endswith((".yaml", ".yml"))
        and not name.startswith(".")
        and "/" not in name
        and name.isprintable()
    )


def read(folder: Path) -> Sources | Problems:
    """Name and content of each `*.yaml` file directly in a folder; hidden files are left out."""
    try:
        paths = sorted(path for path in folder.iterdir() if is_one(path.name))
    except OSError as error:
        message = f"the folder cannot be read: {error.strerror}"
        return Problems([Problem.at(Mark(str(folder)), "unreadable", "", message)])
    if not paths:
        message = "the folder holds no *.yaml file"
        return Problems([Problem.at(Mark(str(folder)), "no_files", "", message)])
    if len(paths) > MOST_FILES:
        message = f"the folder holds more than {MOST_FILES} *.yaml files"
        return Problems([Problem.at(Mark(str(folder)), "too_many_files", "", message)])
    sources: Sources = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                # One byte more than allowed is enough for the reader to see that it is too much.
                sources[path.name] = file.read(MOST_BYTES + 1)
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            problems.append(Problem.at(Mark(path.name), "unreadable", "", message))
    return Problems(problems) if problems else sources
