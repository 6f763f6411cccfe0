"""Values changed in the operator's files as a careful person would: all else stays as written.

ruamel.yaml reads and writes the text with its comments, order and quotes. No scalar is understood
on the way (`1.990` and `0049` stay what they are); what a value means is judged when the files are
checked. An anchor and its aliases are one value in several places: what is changed in one of them
is written out for itself first. Pure, and not quick with large files: an engine calls it in a
thread.
"""

import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
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
from engine.flows.config.problems import MistakesError, Problem, Problems, dotted
from engine.flows.config.tree import Node, grow, place, plain

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

    A value that is already so written is left alone. `CallerError` for an entry there is not,
    `MistakesError` where the entry cannot be changed without another one.
    """
    found = _found(files, section, name, _load)
    if found is None:
        raise CallerError(f"there is no {name} among the {section}", section)
    file, document = found
    edit = _Edit(document, (section, name))
    for path, value in values.items():
        if not _is_so(document[section][name], path.split("."), value):
            edit.put(path.split("."), value, list(SECTIONS[section].model_fields))
    text = io.StringIO()
    _yaml().dump(document, text)
    _check_alone(file, (files[file], text.getvalue()), (section, name), values)
    return {**files, file: text.getvalue()}


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Resolver = _AsWritten
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.composer.warn_double_anchors = False
    yaml.brace_single_entry_mapping_in_flow_sequence = True
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


def _is_so(written: Any, path: Sequence[str], value: Value) -> bool:
    """Whether a value is written already, or is out already that is to be taken out."""
    for key in path:
        if not isinstance(written, CommentedMap) or key not in written:
            return _is_nothing(value)
        written = written[key]
    return not _is_nothing(value) and bool(written == value)


def _is_nothing(value: Value) -> bool:
    return value is None or value == [] or value == {}


class _Edit:
    """An entry that is changed within its document, whatever it shares with others there."""

    def __init__(self, document: CommentedMap, entry: tuple[str, str]) -> None:
        self._document = document
        self._entry = entry
        self._shared = _shared_in(document)

    def put(self, path: Sequence[str], value: Value, order: Sequence[str]) -> None:
        """Set a value of the entry, which shares nothing on the way to it any more."""
        parent: Any = self._document
        for key in (*self._entry, *path):
            if not isinstance(parent, CommentedMap) or key not in parent:
                break
            self._detach(parent, key)
            parent = parent[key]
        self._put(self._document[self._entry[0]][self._entry[1]], path, value, order)

    def _put(
        self, parent: CommentedMap, path: Sequence[str], value: Value, order: Sequence[str]
    ) -> None:
        key, rest = path[0], path[1:]
        if not rest:
            self._set(parent, key, value, order)
            return
        child = parent.get(key)
        if not isinstance(child, CommentedMap):
            if value is None:
                return
            child = CommentedMap()
            self._insert(parent, key, child, order)
        self._put(child, rest, value, ())
        if not child:
            self._take_out(parent, key)

    def _set(self, parent: CommentedMap, key: str, value: Value, order: Sequence[str]) -> None:
        old = parent.get(key)
        if _is_nothing(value):
            if key in parent:
                self._take_out(parent, key)
        elif isinstance(old, CommentedSeq) and old and isinstance(value, list | tuple):
            _refill(old, _written(value, None))
        elif key in parent:
            parent[key] = _written(value, old)
        else:
            self._insert(parent, key, _written(value, None), order)

    # A comment is kept behind the key it follows, though it speaks of the key that comes after it.
    # Behind an alias none is kept: it stands before the next key then.

    def _insert(self, parent: CommentedMap, key: str, value: Any, order: Sequence[str]) -> None:
        """A new key in its place among the others, the comments of the next key left before it."""
        before = [*takewhile(lambda name: name != key, order)]
        places = [n for n, name in enumerate(parent) if name in before]
        at = places[-1] + 1 if places else len(parent)
        previous = list(parent)[at - 1] if at else None
        comment = self._take_rest(parent, previous) if previous is not None else ""
        parent.insert(at, key, value)
        if comment:
            self._add_comment(parent, key, comment)

    def _take_out(self, parent: CommentedMap, key: str) -> None:
        keys = list(parent)
        at = keys.index(key)
        comment = self._take_rest(parent, key)
        del parent[key]
        above = (parent.ca.items.pop(key, None) or [None, None])[1] or []
        below = [CommentToken(comment, CommentMark(0), None)] if comment else []
        if above and at + 1 < len(keys):
            tokens = parent.ca.items.setdefault(keys[at + 1], [None] * 4)
            tokens[1] = [*above, *below, *(tokens[1] or ())]
        elif at and (above or below):
            lines = (" " * token.start_mark.column + token.value for token in (*above, *below))
            self._add_comment(parent, keys[at - 1], "".join(lines))

    def _take_rest(self, parent: CommentedMap, key: str) -> str:
        """Take away the comment lines below a key with all its values, not the remark beside it."""
        parent, key = self._last(parent, key)
        if self._is_alias(parent, key):
            return ""
        tokens, at = _tokens(parent, key)
        token = tokens[at]
        if token is None or "\n" not in token.value:
            return ""
        beside, _, below = token.value.partition("\n")
        token.value = f"{beside}\n"
        return str(below)

    def _add_comment(self, parent: CommentedMap, key: str, below: str) -> None:
        parent, key = self._last(parent, key)
        if self._is_alias(parent, key):
            self._detach(parent, key)
            parent, key = self._last(parent, key)
        tokens, at = _tokens(parent, key)
        if tokens[at] is None:
            tokens[at] = CommentToken(f"\n{below}", CommentMark(0), None)
        else:
            tokens[at].value += below

    def _last(self, parent: Any, key: Any) -> tuple[Any, Any]:
        """Where a value ends, wherever in it that is; at an alias, whose text is elsewhere."""
        value = parent[key]
        is_open = isinstance(value, CommentedMap | CommentedSeq) and not value.fa.flow_style()
        if not is_open or not value or self._is_alias(parent, key):
            return parent, key
        return self._last(value, _keys(value)[-1])

    def _is_alias(self, parent: Any, key: Any) -> bool:
        shared = self._shared.get(id(parent[key]))
        return shared is not None and not _is_at(shared.places[0], parent, key)

    def _detach(self, parent: Any, key: Any) -> None:
        """Let the value in a place be the value of this place alone.

        An alias is written out. Of a value that has its text here, the anchor goes on to the first
        alias, which is written out.
        """
        shared = self._shared.get(id(parent[key]))
        if shared is None:
            return
        copy, places = _written_out(shared.value), [(parent, key)]
        if _is_at(shared.places[0], parent, key):
            places = shared.places[1:]
            if len(places) > 1:
                copy.yaml_set_anchor(
                    shared.value.anchor.value, always_dump=isinstance(copy, ScalarString)
                )
        for holder, at in places:
            holder[at] = copy
            _forget_remarks(holder, at, shared.value)
        self._shared = _shared_in(self._document)


@dataclass(frozen=True, slots=True)
class _Shared:
    """A value that stands in several places, parent and key: an anchor's, then its aliases'."""

    value: Any
    places: list[tuple[Any, Any]]


def _shared_in(document: CommentedMap) -> Mapping[int, _Shared]:
    """What has an anchor and an alias, by its identity; places in the order of the text."""
    found: dict[int, _Shared] = {}

    def walk(parent: Any) -> None:
        for key in _keys(parent):
            value = parent[key]
            if not isinstance(value, CommentedMap | CommentedSeq | ScalarString):
                continue
            one = found.setdefault(id(value), _Shared(value, []))
            one.places.append((parent, key))
            if len(one.places) == 1 and not isinstance(value, ScalarString):
                walk(value)

    walk(document)
    return {identity: one for identity, one in found.items() if len(one.places) > 1}


def _is_at(at: tuple[Any, Any], parent: Any, key: Any) -> bool:
    return at[0] is parent and bool(at[1] == key)


def _keys(parent: Any) -> Sequence[Any]:
    return [*parent] if isinstance(parent, CommentedMap) else range(len(parent))


def _written_out(value: Any) -> Any:
    """A value once more, in the same form, without anchors, aliases and comments."""
    if isinstance(value, ScalarString):
        return type(value)(value)
    if isinstance(value, CommentedMap):
        pairs = ((_written_out(key), _written_out(one)) for key, one in value.items())
        made: Any = CommentedMap(pairs)
    elif isinstance(value, CommentedSeq):
        made = CommentedSeq(map(_written_out, value))
    else:
        return value
    if value.fa.flow_style():
        made.fa.set_flow_style()
    return made


def _forget_remarks(parent: Any, key: Any, value: Any) -> None:
    """Leave at what was an alias the comments before it alone: the others are at its anchor."""
    tokens = parent.ca.items.get(key)
    if tokens is None:
        return
    parts = value.ca.comment or () if not isinstance(value, ScalarString) else ()
    theirs = {id(token) for part in parts if isinstance(part, list) for token in part}
    before = [token for token in tokens[1] or () if id(token) not in theirs]
    parent.ca.items[key] = [None, before or None, None, None]


def _tokens(parent: Any, key: Any) -> tuple[list[Any], int]:
    """Where the comment behind a value is kept that has none within it."""
    is_map = isinstance(parent, CommentedMap)
    tokens = parent.ca.items.setdefault(key, [None] * 4 if is_map else [None, None])
    return tokens, 2 if is_map else 0


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


def _check_alone(
    file: str,
    texts: tuple[str, str],
    entry: tuple[str, str],
    paths: Collection[str],
) -> None:
    """That a file before and after a change differs in what was to be changed, and nowhere else.

    What cannot be read any more (values may be too many) is told where the files are checked.
    """
    before, after = (grow(file, text.encode()) for text in texts)
    was, problems = before
    if was is None or problems:
        raise MistakesError(Problems(problems), "files")
    becomes, problems = after
    if (
        becomes is None
        or problems
        or _all_but(was, entry, paths) == _all_but(becomes, entry, paths)
    ):
        return
    message = "cannot be changed without other values; write out what anchors (&) share with it"
    mark = place(was, entry, of_key=True) or was.mark
    told = Problem.at(mark, "shared_values", dotted(entry), message)
    raise MistakesError(Problems([told]), "files")


def _all_but(tree: Node, entry: tuple[str, str], paths: Collection[str]) -> Any:
    """All values of a file but some of an entry, and what is left empty without them."""
    section, name = entry
    values = plain(tree)
    for path in paths:
        _prune(values[section][name], path.split("."))
    return values


def _prune(values: dict[str, Any], path: Sequence[str]) -> None:
    child = values.get(path[0])
    if len(path) > 1 and isinstance(child, dict):
        _prune(child, path[1:])
        if child:
            return
    values.pop(path[0], None)
