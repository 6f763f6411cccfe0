"""Extensions of the dialplan: what a pattern matches, which one goes first, what is wrong with one.

Pure. A pattern begins with `_`; in it X is 0-9, Z 1-9, N 2-9, [...] one of a set, `.` one or more
of anything, `!` none or more, and `-` is only for the eye.
"""

import re

_SETS = {"X": "0123456789", "Z": "123456789", "N": "23456789"}
_REST = (".", "!")
_ANY = 256
_TOKEN = re.compile(r"\[([^\]]*)\]|(.)")
_LOOKS_LIKE_ONE = re.compile(r"[0-9+]*(?:[XZN]{2,}[0-9XZN]*[.!]?|[0-9+XZN]+[.!]|.*\[[^\]]*\].*)")


def matches(exten: str, dialled: str) -> bool:
    """Whether an extension of the dialplan is meant by what is dialled."""
    if not exten.startswith("_"):
        return exten.replace("-", "").lower() == dialled.replace("-", "").lower()
    rest = dialled.replace("-", "")
    for choice in _choices(exten):
        if choice in _REST:
            return choice == "!" or bool(rest)
        if not rest or rest[0] not in choice:
            return False
        rest = rest[1:]
    return not rest


def order(exten: str) -> tuple[int, ...]:
    """A key by which the extension that Asterisk tries first sorts first: the more exact one."""
    if not exten.startswith("_"):
        return ()
    return tuple(_ANY + _REST.index(c) if c in _REST else len(c) for c in _choices(exten))


def fault(exten: str) -> tuple[str, str] | None:
    """What is wrong with an extension, and what was probably meant; None if nothing is."""
    if not exten.startswith("_"):
        if _LOOKS_LIKE_ONE.fullmatch(exten):
            return f"{exten!r} is a pattern, and patterns begin with _", f"_{exten}"
        return None
    pattern = exten[1:]
    if not pattern:
        return "the pattern is empty", ""
    if pattern[0] in _REST:
        return f"{exten!r} matches also what Asterisk itself looks for", f"_X{pattern[0]}"
    if pattern.count("[") != pattern.count("]") or re.search(r"\[[^\]]*\[|^[^\[]*\]", pattern):
        return f"{exten!r} has a set that is not closed", ""
    for inside, _ in _TOKEN.findall(pattern.replace("[]", "[\0]")):
        if inside == "\0":
            return f"{exten!r} has an empty set", ""
        for first, last in re.findall(r"(.)-(.)", inside):
            if first > last:
                return f"{exten!r} has a range that runs backwards", f"{last}-{first}"
    rest = re.search(r"[.!](?=.)", re.sub(r"\[[^\]]*\]", "X", pattern))
    if rest:
        return f"{exten!r} goes on after {rest[0]!r}, which already matches all that follows", ""
    return None


def _choices(exten: str) -> list[str]:
    """For each place of a pattern what may stand there; `.` and `!` stand for themselves."""
    found = []
    for inside, char in _TOKEN.findall(exten[1:]):
        if inside:
            found.append(_spread(inside))
        elif char in _REST:
            found.append(char)
            break
        elif char != "-":
            found.append(_SETS.get(char.upper(), char + char.swapcase()))
    return found


def _spread(inside: str) -> str:
    """The characters of a set such as `+0-9`."""
    spread = re.sub(
        r"(.)-(.)",
        lambda m: "".join(chr(c) for c in range(ord(m[1]), ord(m[2]) + 1)),
        inside,
    )
    return spread if len(spread) > 1 else spread * 2
