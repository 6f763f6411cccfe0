"""Values changed in the operator's files as a careful person would: all else stays as written.

ruamel.yaml reads and writes the text with its comments, order and quotes. No scalar is understood
on the way (`1.990` and `0049` stay what they are); what a value means is judged when the files are
checked. Pure, and not quick with large files: an engine calls it in a thread.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any, Union

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, ScalarString
from ruamel.yaml.tag import Tag
from ruamel.yaml.tokens import CommentToken

from engine.errors import CallerError
from engine.flows.config.files import SECTIONS

Value = Union[str, None, Sequence["Value"], Mapping[str, "Value"]]  # noqa: UP007 - it names itself
"""What is written for a key: a scalar's text, a list, keys with values; None takes the key out."""

_NULLS = ("", "~", "null")
_TEXT = "tag:yaml.org,2002:str"
_TEXTS_KEPT = 64


class _AsWritten(VersionedResolver):
    """Takes every plain scalar but an empty one for text."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit and implicit[0] and value not in _NULLS:
            return Tag(suffix=_TEXT)
        return super().resolve(kind, value, implicit)


def entry(files: Mapping[str, str], section: str, name: str) -> Mapping[str, Any] | None:
    """An entry as it is written, scalars as text; None if there is none.

    It is not to be changed: whoever asks for the same text is given the same.
    """
    found = _found(files, section, name, _kept)
    return None if found is None else found[1][section][name]


def changed(
    files: Mapping[str, str], section: str, name: str, values: Mapping[str, Value]
) -> dict[str, str]:
    """The files with values of an entry set, by dotted path within it (`billing_starts.from`).

    A value that is already so written is left alone. `CallerError` for an entry there is not.
    """
    found = _found(files, section, name, _load)
    if found is None:
        raise CallerError(f"there is no {name} among the {section}", section)
    file, document = found
    for path, value in values.items():
        _put(document[section][name], path.split("."), value, list(SECTIONS[section].model_fields))
    text = io.StringIO()
    _yaml().dump(document, text)
    return {**files, file: text.getvalue()}


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Resolver = _AsWritten
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _load(text: str) -> Any:
    return _yaml().load(text)


_kept = lru_cache(_TEXTS_KEPT)(_load)
"""A form asks for many entries of the same few texts."""


def _found(
    files: Mapping[str, str], section: str, name: str, load: Callable[[str], Any]
) -> tuple[str, CommentedMap] | None:
    """The file that holds an entry, and all that it holds."""
    for file, text in files.items():
        if name not in text:
            continue
        try:
            document = load(text)
        except YAMLError as fault:
            raise CallerError(f"{file} cannot be read: {fault}", "files") from None
        entries = document.get(section) if isinstance(document, CommentedMap) else None
        if isinstance(entries, CommentedMap) and isinstance(entries.get(name), CommentedMap):
            return file, document
    return None


def _put(parent: CommentedMap, path: Sequence[str], value: Value, order: Sequence[str]) -> None:
    key, rest = path[0], path[1:]
    if not rest:
        _set(parent, key, value, order)
        return
    child = parent.get(key)
    if not isinstance(child, CommentedMap):
        if value is None:
            return
        child = CommentedMap()
        _insert(parent, key, child, order)
    _put(child, rest, value, ())
    if not child:
        _take_out(parent, key)


def _set(parent: CommentedMap, key: str, value: Value, order: Sequence[str]) -> None:
    old = parent.get(key)
    if value is None or value == [] or value == {}:
        if key in parent:
            _take_out(parent, key)
    elif old == value:
        return
    elif isinstance(old, CommentedSeq) and old and isinstance(value, list | tuple):
        _refill(old, _written(value, None))
    elif key in parent:
        parent[key] = _written(value, old)
    else:
        _insert(parent, key, _written(value, None), order)


def _written(value: Value, old: object) -> Any:
    """A value in the form in which it is to be written; a text keeps the quotes it had."""
    if isinstance(value, str):
        kind = type(old) if isinstance(old, ScalarString) else str
        return DoubleQuotedScalarString(value) if value in _NULLS else kind(value)
    if isinstance(value, Mapping):
        return CommentedMap({key: _written(one, None) for key, one in value.items()})
    items = CommentedSeq(_written(item, None) for item in value or ())
    for item in items:
        if isinstance(item, CommentedMap):
            item.fa.set_flow_style()
    if all(isinstance(item, str) for item in items):
        items.fa.set_flow_style()
    return items


def _refill(items: CommentedSeq, wanted: CommentedSeq) -> None:
    """Other items in a list; what stays keeps the remark beside it."""
    last = items.ca.items.get(len(items) - 1)
    remarks = [(items[n], token) for n, token in items.ca.items.items() if token is not last]
    while len(items):
        items.pop()
    items.ca.items.clear()
    for n, item in enumerate(wanted):
        items.append(item)
        for _, token in (pair for pair in remarks if pair[0] == item):
            items.ca.items[n] = token
    if last is not None:
        items.ca.items[len(items) - 1] = last


# A comment is kept behind the key it follows, though it speaks of the key that comes after it.


def _insert(parent: CommentedMap, key: str, value: Any, order: Sequence[str]) -> None:
    """A new key in its place among the others, the comments of the next key left before that."""
    before = [*takewhile(lambda name: name != key, order)]
    places = [n for n, name in enumerate(parent) if name in before]
    at = places[-1] + 1 if places else len(parent)
    previous = list(parent)[at - 1] if at else None
    comment = _take_rest(parent, previous) if previous is not None else ""
    parent.insert(at, key, value)
    if comment:
        _add_comment(parent, key, comment)


def _take_out(parent: CommentedMap, key: str) -> None:
    keys = list(parent)
    at = keys.index(key)
    comment = _take_rest(parent, key)
    del parent[key]
    parent.ca.items.pop(key, None)
    if comment and at:
        _add_comment(parent, keys[at - 1], comment)


def _take_rest(parent: CommentedMap, key: str) -> str:
    """Take away the comment lines below a key with all its values, not the remark beside it."""
    tokens, place = _last(parent, key)
    token = tokens[place]
    if token is None or "\n" not in token.value:
        return ""
    beside, _, below = token.value.partition("\n")
    token.value = f"{beside}\n"
    return str(below)


def _add_comment(parent: CommentedMap, key: str, below: str) -> None:
    tokens, place = _last(parent, key)
    if tokens[place] is None:
        tokens[place] = CommentToken(f"\n{below}", CommentMark(0), None)
    else:
        tokens[place].value += below


def _last(parent: Any, key: Any) -> tuple[list[Any], int]:
    """Where the comment behind a value is kept, wherever in it that is."""
    value = parent[key]
    if isinstance(value, CommentedMap) and value and not value.fa.flow_style():
        return _last(value, list(value)[-1])
    if isinstance(value, CommentedSeq) and value and not value.fa.flow_style():
        return _last(value, len(value) - 1)
    is_map = isinstance(parent, CommentedMap)
    tokens = parent.ca.items.setdefault(key, [None] * 4 if is_map else [None, None])
    return tokens, 2 if is_map else 0
