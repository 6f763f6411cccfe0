"""What a draft changes: file by file in its lines, entry by entry in what they mean. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from difflib import unified_diff
from enum import StrEnum
from typing import Any

from engine.core.inventory import Inventory, ProviderTerms, Span, TopUpAmount
from engine.core.money import format_shortest
from engine.core.rating import Increment

SECTIONS = (
    "organisations",
    "trunks",
    "agents",
    "groups",
    "profiles",
    "services",
    "verification",
    "retention",
    "probing",
)
"""As in the files; tariffs are told at the services that have them."""

_INVENTORIES = {"verification": "merchants"}
"""What the inventory calls otherwise."""

_FILES = {
    "rate.connect_fee": "price",
    "rate.price": "per_minute",
    "rate.rounding.digits": "rounding.digits",
    "rate.rounding.mode": "rounding.mode",
}
"""What of a merchant's rate is written in the files, and under which key; the rest is fixed."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MICROS = "_micros"


class Kind(StrEnum):
    """How a file or an entry differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs; `diff` is the unified diff of its lines."""

    name: str
    kind: Kind
    diff: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A value that differs, as text; "" where there is none."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A trunk, service, … that differs, with every value that does."""

    section: str
    name: str
    kind: Kind
    fields: tuple[FieldChange, ...]


def file_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FileChange]:
    """Every file that differs, by name."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield FileChange(name, _kind(old, new), _diff(name, old or "", new or ""))


def entry_changes(before: Inventory, after: Inventory) -> Iterator[EntryChange]:
    """Every entry that differs; a tariff's prices stand at each service that has it."""
    for section in SECTIONS:
        entries = _INVENTORIES.get(section, section)
        old = {entry.name: entry for entry in getattr(before, entries)}
        new = {entry.name: entry for entry in getattr(after, entries)}
        for name in sorted({*old, *new}):
            was, is_now = old.get(name), new.get(name)
            if was != is_now:
                changed = tuple(_field_changes(_values(was), _values(is_now)))
                yield EntryChange(section, name, _kind(was, is_now), changed)


def _kind(old: object, new: object) -> Kind:
    if old is None:
        return Kind.ADDED
    return Kind.REMOVED if new is None else Kind.CHANGED


def _diff(name: str, old: str, new: str) -> str:
    lines = unified_diff(old.splitlines(), new.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(lines)


def _field_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FieldChange]:
    for field in dict.fromkeys((*old, *new)):
        change = FieldChange(field, old.get(field, ""), new.get(field, ""))
        if change.before != change.after:
            yield change


def _values(entry: object) -> Mapping[str, str]:
    """All values of an entry as text, by dotted path, its name left out."""
    if entry is None:
        return {}
    flat = ((_FILES.get(path, path), value) for path, value in _flat(entry, ""))
    return {path: value for path, value in flat if not path.startswith("rate.")}


def _flat(entry: Any, before: str) -> Iterator[tuple[str, str]]:
    for field in fields(entry):
        path, value = f"{before}{field.name}", getattr(entry, field.name)
        if path == "name":
            continue
        if is_dataclass(value) and not isinstance(value, Increment):
            yield from _flat(value, f"{path}.")
        elif path == "providers":
            yield from _options(value)
        elif field.name.endswith(_MICROS):
            yield path.removesuffix(_MICROS), "" if value is None else format_shortest(value)
        else:
            yield path, _shown(value)


def _options(accounts: Sequence[ProviderTerms]) -> Iterator[tuple[str, str]]:
    for account in accounts:
        for option, value in account.options:
            yield f"providers.{account.provider}.{option}", value


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(_shown(item) for item in value)
        case Span():
            return f"{_DAYS[value.weekday]} {_time(value.opens_min)}-{_time(value.closes_min)}"
        case TopUpAmount():
            return f"{format_shortest(value.pay_micros)} + {format_shortest(value.bonus_micros)}"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
