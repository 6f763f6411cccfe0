"""What is wrong with a configuration, and where: file, line, column, rule, and what was meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from engine.errors import CallerError

MOST_PROBLEMS = 200
"""The most problems that are told at once."""

_MOST_QUOTED = 60
_MOST_TOLD = 200

Step = str | int
"""A key or a list index on the way to a value."""


class Mark(NamedTuple):
    """A place in a file; line and column from 1, both 0 for the file as a whole."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake. `rule` is a stable code, `message` is to be read after `field`.

    `field` is the dotted path (`services.sternlicht.tariff`), empty for the file itself;
    `paragraph` the law that is broken, where one is; `suggestion` what was probably meant. `values`
    are those that its sentence in another language names (`words`).
    """

    file: str
    line: int
    column: int
    rule: str
    field: str
    message: str
    suggestion: str = ""
    paragraph: str = ""
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def at(
        cls,
        mark: Mark,
        rule: str,
        field: str,
        message: str,
        *,
        suggestion: str = "",
        paragraph: str = "",
        **values: str,
    ) -> "Problem":
        return cls(
            file=mark.file,
            line=mark.line,
            column=mark.column,
            rule=rule,
            field=field,
            message=message,
            suggestion=suggestion,
            paragraph=paragraph,
            values=tuple(values.items()),
        )

    def in_words(self, message: str, meant: str) -> str:
        """The problem in one line, in the language of its `message` and of what introduces what was
        `meant`."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        law = f" ({self.paragraph})" if self.paragraph else ""
        hint = f"; {meant} {self.suggestion}?" if self.suggestion else ""
        subject = f"{self.field} {message}" if self.field else message
        return f"{place}: {subject}{law}{hint} [{self.rule}]"

    def __str__(self) -> str:
        return self.in_words(self.message, "did you mean")


class Problems(tuple[Problem, ...]):
    """All mistakes of a configuration, one line each; never empty."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self)


class MistakesError(CallerError):
    """What is not taken because of `problems`; `about` says what that is, for a message."""

    def __init__(self, problems: Problems, field: str, about: str = "") -> None:
        super().__init__(f"{about}{problems}", field)
        self.problems = problems


def in_order(problems: Iterable[Problem]) -> Problems:
    """Each problem once, by place; beyond `MOST_PROBLEMS` only how many more there are."""
    once = dict.fromkeys(problems)
    told = sorted(once, key=lambda p: (p.file, p.line, p.column, p.rule, p.field))
    if len(told) <= MOST_PROBLEMS:
        return Problems(told)
    left = len(told) - MOST_PROBLEMS
    last = Mark(told[MOST_PROBLEMS].file)
    more = Problem.at(
        last, "too_many_problems", "", f"{left} more problems are not shown", left=str(left)
    )
    return Problems([*told[:MOST_PROBLEMS], more])


def closest(word: str, choices: Iterable[str]) -> str:
    """The choice most like a word, whatever its case; "" if none is much like it."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = get_close_matches(word.lower()[:_MOST_QUOTED], by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def dotted(path: tuple[Step, ...]) -> str:
    """A path as it is shown: `services.sternlicht.numbers.0`."""
    return ".".join(_step(str(step)) for step in path)


def _step(text: str) -> str:
    return text if text.isprintable() and len(text) <= _MOST_QUOTED else quoted(text)


def in_one_line(text: str) -> str:
    """Text of a library, short and in one line."""
    return " ".join(text.split())[:_MOST_TOLD]


def quoted(text: str) -> str:
    """A value as it is shown in a message: short, in one line."""
    shown = text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}…"
    return repr(shown)
