"""Asterisk's configuration language: lines with their places, brackets, lists inside brackets.

Pure. A comment begins at `;` unless that is written `\\;`, and goes from `;--` to `--;` over lines.
Nothing is known here of what a section or a key means.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.flows.config.problems import Mark

_CLOSES = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Line:
    """What is left of a line without comment and outer blanks; `mark` is where it begins."""

    mark: Mark
    text: str

    def at(self, offset: int) -> Mark:
        """The place of the character at `offset`."""
        return self.mark._replace(column=self.mark.column + offset)


def lines(file: str, text: str) -> Iterator[Line]:
    """The lines of a file that say something."""
    in_comment = False
    for number, whole in enumerate(text.splitlines(), 1):
        kept, in_comment = _without_comment(whole, in_comment)
        stripped = kept.strip()
        if stripped:
            column = len(kept) - len(kept.lstrip()) + 1
            yield Line(Mark(file, number, column), stripped)


def _without_comment(whole: str, in_comment: bool) -> tuple[str, bool]:
    """A line with its comments blanked out, so that columns stay, and if one goes on after it."""
    kept: list[str] = []
    at = 0
    while at < len(whole):
        if in_comment:
            end = whole.find("--;", at)
            if end < 0:
                return "".join(kept), True
            kept.append(" " * (end + 3 - at))
            at, in_comment = end + 3, False
        elif whole.startswith(";--", at) and not whole.startswith(";---", at):
            in_comment = True
            kept.append("   ")
            at += 3
        elif whole[at] == ";" and (at == 0 or whole[at - 1] != "\\"):
            break
        else:
            kept.append(whole[at])
            at += 1
    return "".join(kept), in_comment


def unescaped(text: str) -> str:
    """Text as Asterisk keeps it: `\\;` is a semicolon."""
    return text.replace("\\;", ";")


def unbalanced(text: str) -> int | None:
    """The offset of the first bracket that is not closed, or closes none; None if all is well."""
    opened: list[tuple[str, int]] = []
    for at, char in enumerate(text):
        if at and text[at - 1] == "\\":
            continue
        if char in "([{":
            opened.append((char, at))
        elif char in _CLOSES:
            if not opened or opened[-1][0] != _CLOSES[char]:
                return opened[-1][1] if opened else at
            opened.pop()
    return opened[0][1] if opened else None


def parts(text: str, separator: str) -> list[tuple[int, str]]:
    """Text cut at a separator that stands in no bracket and no quotes; each with its offset."""
    depth, quoted, begin = 0, False, 0
    found: list[tuple[int, str]] = []
    for at, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == separator and depth == 0 and not quoted:
            found.append((begin, text[begin:at]))
            begin = at + 1
    return [*found, (begin, text[begin:])]


def is_fixed(text: str) -> bool:
    """Whether text holds neither variable nor expression: only then is it known ahead of a call."""
    return not re.search(r"\$[{\[]", text)
