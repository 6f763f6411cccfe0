"""Reads the texts of all languages from `sounds/<lang>/prompts.yaml`."""

from pathlib import Path

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
        data = YAML(typ="safe").load(file)
    except (YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError(lang, (" ".join(str(error).split()),)) from error
    return parse(lang, data)
