"""The list of traps holds true: every test and setting it names is there."""

import re

from tests.adapters.asterisk.test_dialplan import INVENTORY, SITE, render
from tests.programs import CHECKOUT

TRAPS = (CHECKOUT / "engine" / "asterisk" / "TRAPS.md").read_text()
TESTS = "".join(path.read_text() for path in (CHECKOUT / "tests").rglob("test_*.py"))


def test_every_test_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", TRAPS))
    assert len(named) > 50
    assert {name for name in named if f"def {name}(" not in TESTS} == set()


def test_every_setting_named_is_rendered() -> None:
    rendered = render(INVENTORY, SITE)
    cells = re.findall(r"`(\w+\.conf)`: ((?:`[^`]+`(?:, )?)+)", TRAPS)
    settings = [(file, line) for file, lines in cells for line in re.findall(r"`([^`]+)`", lines)]
    assert len(settings) > 20
    absent = [(file, line) for file, line in settings if line not in rendered[file]]
    assert absent == []


def test_every_trap_says_what_keeps_us_out() -> None:
    rows = [line for line in TRAPS.splitlines() if line.startswith("| ") and "---" not in line]
    for row in rows:
        trap, kept_out = (cell.strip() for cell in row.strip("|").split("|"))
        assert trap
        assert kept_out
