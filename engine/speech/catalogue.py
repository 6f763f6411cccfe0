"""Reads the texts of all languages from `sounds/<lang>/prompts.yaml`."""

from functools import partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from engine.core.phrasing import Catalogue, CatalogueError, parse

FILE_NAME = "prompts.yaml"


def read_catalogues(sounds: Path) -> dict[str, Catalogue]:
    """The catalogue of every language that has a file; raises `CatalogueError` if one is bad."""
    files = sorted(sounds.glob(f"*/{FILE_NAME}"))
    return {file.parent.name: read_catalogue(file) for file in files}


def read_catalogue(file: Path) -> Catalogue:
    """One language's texts; the folder's name is the language."""
    lang = file.parent.name
    try:
        data = YAML(typ="rt").load(file)
    except (YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError(lang, (" ".join(str(error).split()),)) from error
    return parse(lang, data, partial(_place, data))


def _place(data: Any, path: tuple[str | int, ...]) -> tuple[int, int]:
    """Line and column, from 1, of the text at a path.

    What a merge key brings has no place of its own: that of the nearest parent then, (0, 0) if
    there is none.
    """
    place = (0, 0)
    for step in path:
        known = (data.lc.data or {}).get(step)
        if known is not None:
            # A key's place and its value's; of a row in a list, the row's alone.
            *_, line, column = known
            place = (line + 1, column + 1)
        try:
            data = data[step]
        except KeyError:  # a name that is written as a number
            break
    return place
