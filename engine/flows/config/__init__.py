"""The operator's files as an inventory, or every mistake in them at once.

Files are YAML, one topic or several each; all are read as one. `load` reads a folder, `parse` the
same files as bytes (a draft from anywhere). The way through: bytes → `tree` (form, places) →
`records` (each entry against its model in `files`) → `links` (between entries) → guards → `build`.
Nothing is applied in part: one mistake, and there is no inventory. Pure but for `load`, and not
quick with large files (seconds for a megabyte): an engine parses in a thread.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.core.inventory import Inventory
from engine.core.law import Rule
from engine.flows.config.build import breaches, inventory, unsaid_at
from engine.flows.config.files import ConfigFile
from engine.flows.config.folder import read
from engine.flows.config.links import Asker, Holders, problems_between
from engine.flows.config.problems import Problem, Problems, in_order
from engine.flows.config.providers import Forms, provider_problems
from engine.flows.config.records import Records, collect
from engine.flows.config.tree import grow
from engine.flows.config.words.wording import Catalogues, lacking
from engine.ports.versions import Unsaid

__all__ = [
    "NO_STOCK",
    "Asker",
    "Holders",
    "Inventory",
    "Problem",
    "Problems",
    "content_hash",
    "entries",
    "load",
    "parse",
    "read",
    "schema",
    "shown_and_not_held",
    "unsaid_problems",
]

NO_STOCK: Holders = MappingProxyType({})
"""What is known of the stock where files are judged alone."""

NO_TEXTS: Catalogues = MappingProxyType({})
"""The texts where nobody judges them."""


def load(folder: Path, version: int = 1, forms: Forms | None = None) -> Inventory | Problems:
    """The inventory in a folder's `*.yaml` files, or what is wrong with them; whose the numbers are
    that people called are shown is not judged."""
    sources = read(folder)
    return sources if isinstance(sources, Problems) else parse(sources, version, forms)


def parse(
    sources: Mapping[str, bytes],
    version: int = 1,
    forms: Forms | None = None,
    asker: Asker | None = None,
    stocked: Holders | None = None,
    catalogues: Catalogues = NO_TEXTS,
) -> Inventory | Problems:
    """The inventory in files given as name and content, or every mistake in order of place.

    `forms` are the payment providers that there are, `asker` is who wants it, None the operator.
    `stocked` is who has which number in the stock; with None it is not asked whose the numbers are
    that people called are shown: files are only read, whoever has them now.
    The texts in `catalogues` are judged by the law of each service that says them.
    """
    grown = [grow(name, sources[name]) for name in sorted(sources)]
    of_form = [problem for _, problems in grown for problem in problems]
    records, of_entries = collect(tree for tree, _ in grown if tree is not None)
    # A file that could not be read to its end would make every reference into it look unknown.
    between = (
        []
        if any(tree is None and found for tree, found in grown)
        else [
            *problems_between(records, asker),
            *provider_problems(records, forms),
            *breaches(records, stocked),
            *lacking(records, asker, catalogues),
        ]
    )
    problems = in_order([*of_form, *of_entries, *between])
    return problems or inventory(records, version)


def shown_and_not_held(outcome: Inventory | Problems) -> frozenset[str]:
    """The numbers (E.164) that people called would be shown and that no service of theirs has."""
    problems = outcome if isinstance(outcome, Problems) else ()
    wrong = (one for one in problems if one.rule == Rule.CALLER_ID_NOT_HELD)
    return frozenset(dict(problem.values)["given"] for problem in wrong)


def unsaid_problems(sources: Mapping[str, bytes], unsaid: Iterable[Unsaid]) -> Problems:
    """What an engine cannot say of files without a mistake, at the fields that ask for it."""
    return in_order(unsaid_at(entries(sources), unsaid))


def entries(sources: Mapping[str, bytes]) -> Records:
    """The entries of files without a mistake, as they are written."""
    trees = [tree for name in sorted(sources) if (tree := grow(name, sources[name])[0]) is not None]
    return collect(trees)[0]


def content_hash(sources: Mapping[str, bytes]) -> str:
    """A name for the exact content of files: SHA-256 over their names, lengths and bytes."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        content = sources[name]
        digest.update(f"{len(name.encode())}:{name}{len(content)}:".encode())
        digest.update(content)
    return f"sha256:{digest.hexdigest()}"


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration file, for editors that complete and check while typing."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ConfigFile.model_json_schema(),
    }
