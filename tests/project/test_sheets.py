"""Style sheets of ours: every rule is closed, so that none swallows those after it."""

import re
from pathlib import Path

import pytest

from tests.rig.house import CHECKOUT

SHEETS = [
    file
    for file in sorted((CHECKOUT / "engine").rglob("*.css"))
    if not file.name.endswith(".min.css")
]


def unclosed(sheet: str) -> list[str]:
    """Selectors of rules that hold another rule (only `@media` and its like may) or never end."""
    open_now: list[str] = []
    found = []
    plain = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    for selector, brace in re.findall(r"([^{};]*)([{}])", plain):
        if brace == "}":
            open_now.pop()
            continue
        if open_now and not open_now[-1].startswith("@"):
            found.append(open_now[-1])
        open_now.append(selector.strip())
    return found + open_now


@pytest.mark.parametrize("file", SHEETS, ids=lambda file: file.name)
def test_every_rule_is_closed(file: Path) -> None:
    assert not unclosed(file.read_text())


def test_a_rule_that_is_open_is_found() -> None:
    assert unclosed("a { color: red;\n/* b */\nb { margin: 0; }\n") == ["a", "a"]
    assert not unclosed("@media print { a { color: red } } b { margin: 0 }")
