"""A YAML file as a tree that knows where each part of it stands.

ruamel.yaml reads the text (YAML 1.2); its events are put together here, because only here are
depth, size and aliases counted *before* anything is built, and because no scalar is turned into a
number: `1.990`, `+49 30 23125001` and `0049` stay what was written, and the field that takes them
knows how to read them.

Refused beside broken YAML: more than one document, tags, merge keys, keys that are no text, keys
given twice. Aliases stand for a whole value; what they would grow to is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from engine.flows.config.problems import Mark, Problem, Step, dotted, in_one_line, quoted

MOST_BYTES = 1_000_000
"""The largest configuration file."""

MOST_NODES = 50_000
"""The most values in a file, counted as if every alias were written out."""

MOST_DEPTH = 16
"""How deep values may be nested."""

_STANDARD_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_NULLS = ("", "~", "null")

_Start = ScalarEvent | MappingStartEvent | SequenceStartEvent


class Unquoted(str):
    """A scalar written without quotes: it may be meant as a number or as true or false."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Scalar:
    mark: Mark
    text: str
    quoted: bool

    @property
    def size(self) -> int:
        return 1


@dataclass(slots=True)
class Mapping:
    """Keys in their order, each with its own place and its value."""

    mark: Mark
    entries: dict[str, tuple[Mark, "Node"]] = field(default_factory=dict)
    size: int = 1


@dataclass(slots=True)
class Sequence:
    mark: Mark
    items: list["Node"] = field(default_factory=list)
    size: int = 1


Node = Scalar | Mapping | Sequence


class _UnreadableError(Exception):
    """Nothing more can be read from this file."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def grow(file: str, content: bytes) -> tuple[Node | None, list[Problem]]:
    """The tree of a file's content (None if it holds nothing) and what is wrong with its form."""
    grower = _Grower(file)
    try:
        return grower.grow(_decoded(file, content)), grower.problems
    except _UnreadableError as unreadable:
        return None, [*grower.problems, unreadable.problem]


def plain(node: Node) -> Any:
    """The tree's values without their places: dict, list, str, `Unquoted`, None."""
    match node:
        case Mapping():
            return {key: plain(value) for key, (_, value) in node.entries.items()}
        case Sequence():
            return [plain(item) for item in node.items]
        case Scalar(quoted=True):
            return node.text
        case Scalar():
            return None if node.text in _NULLS else Unquoted(node.text)


def text_at(node: Node, key: str) -> str:
    """The text of a scalar entry of a mapping, "" if there is none."""
    if isinstance(node, Mapping) and key in node.entries:
        value = node.entries[key][1]
        return value.text if isinstance(value, Scalar) else ""
    return ""


def items_at(node: Node, key: str) -> list[Scalar]:
    """The scalar items of a sequence entry of a mapping, none if there is none."""
    if isinstance(node, Mapping) and key in node.entries:
        value = node.entries[key][1]
        if isinstance(value, Sequence):
            return [item for item in value.items if isinstance(item, Scalar)]
    return []


def place(node: Node, path: tuple[Step, ...], *, of_key: bool = False) -> Mark | None:
    """Where the value at `path` stands (`of_key`: its key); None if `path` leads nowhere."""
    mark = node.mark
    for step in path:
        if isinstance(node, Mapping) and step in node.entries:
            key_mark, node = node.entries[str(step)]
            mark = key_mark if of_key else node.mark
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            mark = node.mark
        else:
            return None
    return mark


def _decoded(file: str, content: bytes) -> str:
    if len(content) > MOST_BYTES:
        message = f"the file must have at most {MOST_BYTES} bytes, not {len(content)}"
        raise _UnreadableError(Problem.at(Mark(file), "file_too_large", "", message))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        mark = Mark(file, before.count(b"\n") + 1, column)
        message = f"the file must be UTF-8; byte 0x{content[error.start]:02x} is not"
        raise _UnreadableError(Problem.at(mark, "not_utf8", "", message)) from None


class _Grower:
    """Puts one file's events together."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0

    def grow(self, text: str) -> Node | None:
        root: Node | None = None
        documents = 0
        events = self._events(text)
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._stop(event, "several_documents", "must hold one document, not more")
            elif isinstance(
                event, AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent
            ):
                root = self._node(event, events, ())
        if isinstance(root, Scalar) and not root.quoted and root.text in _NULLS:
            return None
        return root

    def _events(self, text: str) -> Iterator[Event]:
        try:
            yield from YAML(typ="safe", pure=True).parse(text)
        except MarkedYAMLError as error:
            raise _UnreadableError(self._syntax(error)) from None
        except ReaderError as error:
            before = text[: error.position]
            mark = Mark(self._file, before.count("\n") + 1, error.position - before.rfind("\n"))
            character = f"U+{ord(text[error.position]):04X}"
            message = f"holds the character {character}, which YAML forbids"
            raise _UnreadableError(
                Problem.at(mark, "yaml_syntax", "", message, character=character)
            ) from None
        except (YAMLError, ValueError, OverflowError) as error:
            why = quoted(str(error))
            raise _UnreadableError(
                Problem.at(Mark(self._file), "yaml_syntax", "", f"is no YAML: {why}", why=why)
            ) from None

    def _syntax(self, error: MarkedYAMLError) -> Problem:
        where = error.problem_mark or error.context_mark
        mark = Mark(self._file, where.line + 1, where.column + 1) if where else Mark(self._file)
        told = " ".join(part for part in (error.context, error.problem) if part)
        hint = "; indent with spaces, not tabs" if "\\t" in told else ""
        why = in_one_line(told)
        return Problem.at(mark, "yaml_syntax", "", f"is no YAML: {why}{hint}", why=why)

    def _node(self, event: Event, events: Iterator[Event], path: tuple[Step, ...]) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        assert isinstance(event, _Start)
        self._count(event, 1)
        if len(path) > MOST_DEPTH:
            raise self._stop(event, "too_deep", f"is nested more than {MOST_DEPTH} levels deep")
        self._check_tag(event, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._build(event, events, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _build(self, event: _Start, events: Iterator[Event], path: tuple[Step, ...]) -> Node:
        mark = self._mark(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(mark, events, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(mark, events, path)
        assert isinstance(event, ScalarEvent)
        return Scalar(mark, event.value, quoted=not event.implicit[0])

    def _mapping(self, mark: Mark, events: Iterator[Event], path: tuple[Step, ...]) -> Mapping:
        mapping = Mapping(mark)
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._node(event, events, (*path, "?"))
            name = self._key(key, path)
            value = self._node(next(events), events, (*path, name or "?"))
            mapping.size += value.size + 1
            if name is None:
                continue
            if name in mapping.entries:
                first = mapping.entries[name][0]
                self._add(key.mark, "duplicate_key", (*path, name), f"is in line {first.line} too")
                continue
            mapping.entries[name] = (key.mark, value)
        return mapping

    def _sequence(self, mark: Mark, events: Iterator[Event], path: tuple[Step, ...]) -> Sequence:
        sequence = Sequence(mark)
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            item = self._node(event, events, (*path, len(sequence.items)))
            sequence.items.append(item)
            sequence.size += item.size
        return sequence

    def _key(self, key: Node, path: tuple[Step, ...]) -> str | None:
        """The text of a key, None if it is one that is not read."""
        if not isinstance(key, Scalar):
            self._add(key.mark, "key_not_text", path, "has a key that is no text")
            return None
        if key.text == "<<" and not key.quoted:
            message = "holds a merge key (<<), which is not read; write its entries out"
            self._add(key.mark, "merge_key", path, message)
            return None
        return key.text

    def _alias(self, event: AliasEvent) -> Node:
        node = self._anchors.get(event.anchor)
        if event.anchor not in self._anchors:
            raise self._stop(event, "unknown_alias", f"names no anchor: {quoted(event.anchor)}")
        if node is None:
            raise self._stop(event, "alias_of_itself", f"holds itself: {quoted(event.anchor)}")
        self._count(event, node.size)
        return node

    def _check_tag(self, event: _Start, path: tuple[Step, ...]) -> None:
        tag = event.tag
        if tag is not None and str(tag) not in (*_STANDARD_TAGS, "!"):
            self._add(
                self._mark(event), "tag", path, f"has the tag {quoted(str(tag))}, which is not read"
            )

    def _count(self, event: Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            message = f"holds more than {MOST_NODES} values (aliases written out)"
            raise self._stop(event, "too_many_values", message)

    def _mark(self, event: Event) -> Mark:
        return Mark(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _add(self, mark: Mark, rule: str, path: tuple[Step, ...], message: str) -> None:
        self.problems.append(Problem.at(mark, rule, dotted(path), message))

    def _stop(self, event: Event, rule: str, message: str) -> _UnreadableError:
        return _UnreadableError(Problem.at(self._mark(event), rule, "", f"the file {message}"))
