"""The entries of all files, each checked against its own model, with every mistake placed.

An entry with a mistake in it keeps its name and its place, so that what refers to it is not
called unknown, and its other mistakes are still found.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from engine.flows.config.fields import Ref, Strict, read_name
from engine.flows.config.files import SECTIONS
from engine.flows.config.problems import Mark, Problem, Step, closest, dotted
from engine.flows.config.tree import Mapping as MappingNode
from engine.flows.config.tree import Node, Scalar, place, plain

Model = TypeVar("Model", bound=Strict)

_KEY = "[key]"
"""How pydantic says that the fault is in a key, not in its value."""

MESSAGES: Mapping[str, tuple[str, str]] = {
    "missing": ("missing_key", "is missing"),
    "extra_forbidden": ("unknown_key", "is not a key that is read"),
    "model_type": ("not_a_mapping", "must be keys with values"),
    "dict_type": ("not_a_mapping", "must be keys with values"),
    "list_type": ("not_a_list", "must be a list"),
    "too_short": ("too_few", "must not be empty"),
    "too_long": ("too_many", "must have at most {max_length} entries"),
    "greater_than_equal": ("out_of_range", "must be at least {ge}"),
    "less_than_equal": ("out_of_range", "must be at most {le}"),
}
"""By pydantic's name for a fault: our rule and sentence."""


@dataclass(frozen=True, slots=True)
class Record:
    """One named entry of a section; `model` is None if it has a mistake in it."""

    section: str
    name: str
    key_mark: Mark
    node: Node
    model: Strict | None

    def at(self, *path: Step, of_key: bool = False) -> Mark:
        """Where a value of this entry stands; for one that is not written, the nearest key."""
        found = place(self.node, path, of_key=of_key) if path else None
        if found is not None:
            return found
        nearer = (path[:length] for length in range(len(path) - 1, 0, -1))
        keys = (place(self.node, part, of_key=True) for part in nearer)
        return next((key for key in keys if key is not None), self.key_mark)

    def has(self, *path: Step) -> bool:
        """Whether a value is written in the file."""
        return place(self.node, path) is not None

    def problem(
        self,
        path: tuple[Step, ...],
        rule: str,
        message: str,
        *,
        suggestion: str = "",
        paragraph: str = "",
        of_key: bool = False,
        **values: str,
    ) -> Problem:
        return Problem.at(
            self.at(*path, of_key=of_key),
            rule,
            dotted((self.section, self.name, *path)),
            message,
            suggestion=suggestion,
            paragraph=paragraph,
            **values,
        )

    def refused(
        self, path: tuple[Step, ...], rule: str, told: Mapping[str, Any], *, of_key: bool = False
    ) -> Problem:
        """What a reader has refused (`fields.refuse`), as a problem at its place."""
        return self.problem(
            path,
            rule,
            told["message"],
            suggestion=told.get("suggestion", ""),
            of_key=of_key,
            **told.get("values", {}),
        )


class Records:
    """All entries of all files, by section and name, in the order of the files."""

    def __init__(self) -> None:
        self._by_section: dict[str, dict[str, Record]] = {section: {} for section in SECTIONS}

    def add(self, record: Record) -> Record | None:
        """Put an entry in; the one that has its name already, if there is one."""
        return self._by_section[record.section].setdefault(record.name, record)

    def all(self) -> Iterator[Record]:
        for entries in self._by_section.values():
            yield from entries.values()

    def names(self, section: str) -> Iterable[str]:
        return self._by_section[section]

    def of(self, section: str) -> Iterable[Record]:
        return self._by_section[section].values()

    def get(self, section: str, name: str) -> Record | None:
        return self._by_section[section].get(name)

    def sound(self, model: type[Model]) -> Iterator[tuple[Record, Model]]:
        """The entries of a model's section that have no mistake in them."""
        for record in self.all():
            if isinstance(record.model, model):
                yield record, record.model

    def model(self, model: type[Model], name: str) -> Model | None:
        """The sound entry of this name in a model's section, if there is one."""
        section = next(key for key, of_section in SECTIONS.items() if of_section is model)
        found = self.get(section, name)
        return found.model if found is not None and isinstance(found.model, model) else None


def collect(trees: Iterable[Node]) -> tuple[Records, list[Problem]]:
    """The entries of all trees, and what is wrong with each by itself."""
    records, problems = Records(), list[Problem]()
    for tree in trees:
        for section, name, key_mark, node in _entries(tree, problems):
            record = _checked(section, name, key_mark, node, problems)
            first = records.add(record)
            if first is not record and first is not None:
                file, line, _ = first.key_mark
                message = f"is in {file}, line {line}, too"
                field = dotted((section, name))
                values = {"where": file, "row": str(line)}
                problems.append(Problem.at(key_mark, "duplicate_name", field, message, **values))
    return records, problems


def _entries(tree: Node, problems: list[Problem]) -> Iterator[tuple[str, str, Mark, Node]]:
    if not isinstance(tree, MappingNode):
        message = f"the file must hold sections ({', '.join(SECTIONS)})"
        problems.append(Problem.at(tree.mark, "not_a_mapping", "", message))
        return
    for section, (key_mark, body) in tree.entries.items():
        if section not in SECTIONS:
            meant = closest(section, SECTIONS)
            message = "is not a section that is read"
            problems.append(
                Problem.at(key_mark, "unknown_section", section, message, suggestion=meant)
            )
        elif isinstance(body, MappingNode):
            for name, (name_mark, node) in body.entries.items():
                yield section, name, name_mark, node
        elif not (isinstance(body, Scalar) and plain(body) is None):
            message = "must hold entries, each under its name"
            problems.append(Problem.at(body.mark, "not_a_mapping", section, message))


def _checked(
    section: str, name: str, key_mark: Mark, node: Node, problems: list[Problem]
) -> Record:
    model = SECTIONS[section]
    record = Record(section, name, key_mark, node, None)
    before = len(problems)
    problems.extend(_name_problems(record))
    try:
        made = model.model_validate(plain(node))
    except ValidationError as error:
        problems.extend(_translated(record, model, fault) for fault in error.errors())
        return record
    return record if len(problems) > before else Record(section, name, key_mark, node, made)


def _name_problems(record: Record) -> Iterator[Problem]:
    try:
        read_name(record.name)
    except PydanticCustomError as refusal:
        yield record.refused((), refusal.type, refusal.context or {})


def _translated(record: Record, model: type[Strict], fault: ErrorDetails) -> Problem:
    """One of pydantic's errors as a problem at its place."""
    in_key = _KEY in fault["loc"]
    path = tuple(step for step in fault["loc"] if step != _KEY)
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        meant = closest(str(path[-1]), _keys_at(model, path[:-1]))
        rule, message = MESSAGES[kind]
        return record.problem(path, rule, message, suggestion=meant, of_key=True)
    if fault["input"] is None and kind != "missing" and path:
        message = "must not be empty; leave the key out for its default, if it has one"
        return record.problem(path, "empty_value", message, of_key=True)
    if kind in MESSAGES:
        rule, template = MESSAGES[kind]
        limits = {name: str(value) for name, value in context.items()}
        return record.problem(path, rule, template.format_map(limits), of_key=in_key, **limits)
    told = str(context.get("message", "")) or fault["msg"]
    return record.refused(path, kind, {**context, "message": told}, of_key=in_key)


def _keys_at(model: type[Strict], path: tuple[Step, ...]) -> list[str]:
    """The keys that are read at a path within a model."""
    for step in path:
        field = next((f for name, f in model.model_fields.items() if step in (name, f.alias)), None)
        inner = None if field is None else next(_models_in(field.annotation), None)
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[Strict]]:
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def references(model: type[Strict]) -> dict[str, str]:
    """Which keys of a model name entries of which section."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        sections = [m.section for m in field.metadata if isinstance(m, Ref)]
        sections.extend(ref.section for ref in _refs_in(field.annotation))
        if sections:
            found[name] = sections[0]
    return found


def _refs_in(annotation: Any) -> Iterator[Ref]:
    for part in get_args(annotation):
        if isinstance(part, Ref):
            yield part
        yield from _refs_in(part)
