"""One entry of the operator's files as a form: its fields, what was typed, what is wrong."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import web

from engine.errors import CallerError
from engine.flows.config import Problem, Problems
from engine.flows.versions.editing import Value, entry
from engine.web.console.asked import Asked
from engine.web.console.pages.configuration import drafting

FIELD_CHARS_MOST = 200_000


class Kind(StrEnum):
    """How a value is typed: `WORDS` is a list in one line, `LINES` one with a line for each;
    `MONEY` may have a decimal comma; `OPENING` are days with their times, `AMOUNTS` what is paid
    and what is given on top; `NAME` is the name of another entry, out of those that may be."""

    TEXT = "text"
    MONEY = "money"
    CHOICE = "choice"
    NAME = "name"
    WORDS = "words"
    LINES = "lines"
    OPENING = "opening"
    AMOUNTS = "amounts"


@dataclass(frozen=True, slots=True)
class Field:
    """A value of an entry, by its dotted path; of a choice with `options` ("": the default)."""

    path: str
    kind: Kind = Kind.TEXT
    options: Sequence[str] = ()

    @property
    def key(self) -> str:
        """Its name in the texts."""
        return self.path.replace(".", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An entry's form: where it is, what it sets, how it is shown; `names` are those that a
    field of the kind `NAME` may have, by its path."""

    section: str
    template: str
    groups: Mapping[str, Sequence[Field]]
    name: Callable[[Asked, Mapping[str, str]], str]
    path: Callable[[Asked], str]
    more: Callable[[Asked, Mapping[str, str]], Any] = lambda _asked, _files: None
    names: Callable[[Asked], Mapping[str, Sequence[str]]] = lambda _asked: {}

    @property
    def fields(self) -> Sequence[Field]:
        """All fields in order."""
        return [one for group in self.groups.values() for one in group]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows of a form: `values` by path, `wrong` what is wrong with a field,
    `elsewhere` what is wrong with anything else."""

    form: Form
    name: str
    based_on: int
    values: Mapping[str, str]
    draft: drafting.Draft | None = None
    wrong: Mapping[str, Problem] = field(default_factory=dict)
    elsewhere: Sequence[Problem] = ()


class Editing:
    """The handlers of a form: show it, check what was typed, apply it."""

    def __init__(self, form: Form) -> None:
        self.form = form

    async def show(self, asked: Asked) -> web.StreamResponse:
        """The entry as it is written in the version in force; after a fault, as it was typed."""
        current = await drafting.in_force(asked)
        name, written = await self._written(asked, current.version.files)
        if written is None:
            raise web.HTTPNotFound
        values = {
            one.path: str(asked.form.get(one.path, _shown(one, _at(written, one.path))))
            for one in self.form.fields
        }
        based_on = _base_kept(asked, current.version.number)
        shown = Shown(form=self.form, name=name, based_on=based_on, values=values)
        return await self._page(asked, shown, current.version.files)

    async def again(self, asked: Asked) -> web.StreamResponse:
        """What was typed, looked at once more after a fault; only shown where that cannot be."""
        try:
            return await self.check(asked)
        except CallerError:
            return await self.show(asked)

    async def check(self, asked: Asked) -> web.StreamResponse:
        """What was typed, what it would change, what is wrong with it."""
        return await self._checked(asked, None)

    async def _checked(self, asked: Asked, refused: Problems | None) -> web.StreamResponse:
        files, name = await self._typed(asked)
        based_on = drafting.base_typed(asked)
        draft = await drafting.look_at(asked, files, based_on, refused)
        wrong, elsewhere = self._wrong(name, draft.problems)
        shown = Shown(
            form=self.form,
            name=name,
            # What was typed is laid over the version in force, so it is based on that from now on.
            based_on=draft.comparison.base,
            values={one.path: self._text(asked, one) for one in self.form.fields},
            draft=draft,
            wrong=wrong,
            elsewhere=elsewhere,
        )
        return await self._page(asked, shown, files)

    async def replay(self, asked: Asked) -> web.StreamResponse:
        """Replay some days' calls under what was typed."""
        files, _ = await self._typed(asked)
        return await drafting.replay(asked, files) or await self.check(asked)

    async def apply(self, asked: Asked) -> web.StreamResponse:
        """Put in force what was looked at."""
        files, name = await self._typed(asked)
        asked.note(entry=f"{self.form.section}.{name}")
        if not drafting.is_what_was_seen(asked, files):
            return await self.check(asked)
        made = await drafting.put_in_force(asked, files, drafting.base_typed(asked))
        if isinstance(made, Problems):
            return await self._checked(asked, made)
        return await drafting.applied(asked, self.form.path(asked), made)

    async def _typed(self, asked: Asked) -> tuple[Mapping[str, str], str]:
        current = await drafting.in_force(asked)
        name, written = await self._written(asked, current.version.files)
        values: dict[str, Value] = {}
        for one in self.form.fields:
            text = self._text(asked, one)
            if text != _shown(one, _at(written, one.path)):
                values[one.path] = _read(one, text)
        return await drafting.with_changes(current, self.form.section, name, values), name

    def _text(self, asked: Asked, one: Field) -> str:
        return asked.typed(one.path, FIELD_CHARS_MOST).replace("\r\n", "\n")

    def _wrong(
        self, name: str, problems: Sequence[Problem]
    ) -> tuple[Mapping[str, Problem], Sequence[Problem]]:
        """Each problem at the field it is about, or in a parent of which the field is a part."""
        wrong: dict[str, Problem] = {}
        elsewhere = []
        begin = f"{self.form.section}.{name}."
        for problem in problems:
            path = problem.field.removeprefix(begin) if problem.field.startswith(begin) else ""
            paths = [one.path for one in self.form.fields if _is_about(path, one.path)]
            if paths and paths[0] not in wrong:
                wrong[paths[0]] = problem
            else:
                elsewhere.append(problem)
        return wrong, elsewhere

    async def _written(
        self, asked: Asked, files: Mapping[str, str]
    ) -> tuple[str, Mapping[str, Any] | None]:
        """The entry's name, and what is written of it; large files take their time."""
        name = await asyncio.to_thread(self.form.name, asked, files)
        return name, await asyncio.to_thread(entry, files, self.form.section, name)

    async def _page(self, asked: Asked, shown: Shown, files: Mapping[str, str]) -> web.Response:
        more = await asyncio.to_thread(self.form.more, asked, files)
        names = self.form.names(asked)
        return asked.render(self.form.template, shown=shown, more=more, names=names)


def _base_kept(asked: Asked, in_force: int) -> int:
    """The version that a form was made from that is shown again, else that in force."""
    try:
        return drafting.base_typed(asked)
    except CallerError:
        return in_force


def _is_about(path: str, field_path: str) -> bool:
    return bool(path) and (
        path == field_path or path.startswith(f"{field_path}.") or field_path.startswith(f"{path}.")
    )


def _at(written: Any, path: str) -> Any:
    for key in path.split("."):
        written = written.get(key) if isinstance(written, Mapping) else None
    return written


def _shown(one: Field, value: Any) -> str:
    """A written value as it is typed."""
    if value is None:
        return ""
    if one.kind is Kind.OPENING and isinstance(value, Mapping):
        return "\n".join(f"{days}: {', '.join(_items(times))}" for days, times in value.items())
    if one.kind is Kind.AMOUNTS and not isinstance(value, str):
        return "\n".join(_amount(item) for item in value)
    return (", " if one.kind is Kind.WORDS else "\n").join(_items(value))


def _items(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _amount(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    bonus = item.get("bonus")
    return f"{item.get('pay', '')} + {bonus}" if bonus else str(item.get("pay", ""))


def _read(one: Field, text: str) -> Value:
    """What was typed as it is written; an empty field takes the value out."""
    if not text:
        return None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    match one.kind:
        case Kind.MONEY:
            return text.replace(",", ".")
        case Kind.WORDS:
            return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]
        case Kind.LINES:
            return lines
        case Kind.OPENING:
            return dict(map(_opening, lines))
        case Kind.AMOUNTS:
            return [_paid(line) for line in lines]
    if "\n" in text:
        raise CallerError("must be one line", one.path)
    return text


def _opening(line: str) -> tuple[str, Value]:
    days, _, times = line.partition(":") if ":" in line.split(" ")[0] else line.partition(" ")
    spans = [time.strip() for time in times.split(",") if time.strip()]
    return days.strip(), spans[0] if len(spans) == 1 else spans


def _paid(line: str) -> Value:
    pay, _, bonus = (part.strip() for part in line.replace(",", ".").partition("+"))
    return {"pay": pay, "bonus": bonus} if bonus else {"pay": pay}
