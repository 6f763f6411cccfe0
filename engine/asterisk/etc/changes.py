"""What differs between two states of Asterisk's files, and who has to read them again. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import unified_diff

OWN_FOLDER = "own.d"

_READ_BY = {
    "acl.conf": "acl",
    "ari.conf": "res_ari",
    "cdr.conf": "cdr",
    "cel.conf": "cel",
    "cel_custom.conf": "cel_custom",
    "extensions.conf": "pbx_config",
    "features.conf": "features",
    "http.conf": "http",
    "indications.conf": "indications",
    "logger.conf": "logger",
    "manager.conf": "manager",
    "musiconhold.conf": "res_musiconhold",
    "pjproject.conf": "res_pjproject",
    "pjsip.conf": "res_pjsip",
    "rtp.conf": "res_rtp_asterisk",
    "udptl.conf": "udptl",
    "websocket_client.conf": "res_websocket_client",
}
"""The module that reads each file again while calls go on; files not named here need a restart."""

_SECRET = re.compile(r"(?mi)^(.?\s*(?:password|secret)\s*=).*$")
_TRANSPORT = re.compile(r"(?ms)^\[udp\]$.*?(?=^\[)")
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Change:
    """A file that becomes another; `lines` is the difference for people, secrets left out."""

    file: str
    kind: str
    lines: tuple[str, ...]


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """What is added, changed and removed, by name."""
    names = sorted({*before, *after})
    return tuple(
        _change(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _change(name: str, before: str | None, after: str | None) -> Change:
    kind = "added" if before is None else "removed" if after is None else "changed"
    old, new = (_SECRET.sub(r"\1 …", text or "").splitlines() for text in (before, after))
    lines = list(unified_diff(old, new, name, name, n=1, lineterm=""))
    left = len(lines) - _MOST_LINES
    if left > 0:
        lines = [*lines[:_MOST_LINES], f"… {left} more lines"]
    return Change(name, kind, tuple(lines))


def readers(files: Iterable[str]) -> tuple[str, ...]:
    """The modules that must read these files again, each once."""
    found = (_READ_BY.get(_included_by(file)) for file in files)
    return tuple(sorted({module for module in found if module}))


def after_restart(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """What of the changes holds only when Asterisk has been started again."""
    names = [c.file for c in changes(before, after) if _included_by(c.file) not in _READ_BY]
    old, new = (_TRANSPORT.findall(files.get("pjsip.conf", "")) for files in (before, after))
    return (*names, "pjsip.conf [udp]") if old and old != new else tuple(names)


def _included_by(file: str) -> str:
    return "extensions.conf" if file.startswith(f"{OWN_FOLDER}/") else file
