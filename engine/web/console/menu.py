"""The menu: which pages there are, in groups, for whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.core.roles import Right, Role, may


class Section(StrEnum):
    """A group of the menu, in its order; its title is the text `section_<name>`."""

    NOW = "now"
    BUSINESS = "business"
    LINES = "lines"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Item:
    """A page in the menu: its title is the text `key`, `place` its order within the section."""

    section: Section
    path: str
    right: Right
    key: str
    place: int = 50
    operator_alone: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A section with what a user sees of it."""

    section: Section
    items: Sequence[Item]


def menu_for(items: Iterable[Item], role: Role, *, is_operators: bool) -> list[Group]:
    """The menu as a user of a role sees it; a section without items is left out."""
    seen = [
        item
        for item in items
        if may(role, item.right) and (is_operators or not item.operator_alone)
    ]
    groups = [
        Group(section, sorted((i for i in seen if i.section is section), key=lambda i: i.place))
        for section in Section
    ]
    return [group for group in groups if group.items]
