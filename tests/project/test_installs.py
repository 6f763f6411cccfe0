"""What each script runs can be imported with what its set-up brings, and with nothing else."""

import re
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

CHECKOUT = Path(__file__).resolve().parents[2]
SETUP = ConfigParser()
SETUP.read(CHECKOUT / "setup.cfg")
SIZES = {
    "runtime": SETUP["options"]["install_requires"].split("\n"),
    "rig": [
        *SETUP["options"]["install_requires"].split("\n"),
        *SETUP["options.extras_require"]["rig"].split("\n"),
    ],
}
ASKS = re.compile(r"set_up --(?P<size>runtime|rig)\b.*?-m (?P<module>[\w.]+)", re.DOTALL)
BARE = """
import importlib, sys
class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Bare())
importlib.import_module({module!r})
"""


def _runs() -> list[tuple[str, str, str]]:
    """Every script that asks for less than all: its name, the set-up's size, the module it runs."""
    return sorted(
        (script.name, found["size"], found["module"])
        for script in (CHECKOUT / "scripts").iterdir()
        if script.is_file()
        for found in ASKS.finditer(script.read_text())
    )


def _brought(wanted: list[str]) -> set[str]:
    """The distributions of these requirements, and all that they ask for."""
    brought: set[tuple[str, str]] = set()
    ahead = [(Requirement(line), "") for line in wanted if line.strip()]
    while ahead:
        one, extra = ahead.pop()
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        for of_extra in ("", *one.extras):
            key = (re.sub(r"[-_.]+", "-", one.name).lower(), of_extra)
            if key not in brought:
                brought.add(key)
                ahead += [(Requirement(line), of_extra) for line in _asked_by(one.name)]
    return {name for name, _ in brought}


def _asked_by(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


@pytest.mark.parametrize(("script", "size", "module"), _runs())
def test_a_script_runs_with_what_it_sets_up(script: str, size: str, module: str) -> None:
    brought = _brought(SIZES[size])
    hidden = {
        package
        for package, owners in packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & {*brought, "groschen"}
    }
    assert {"pytest", "hypothesis"} <= hidden
    program = BARE.format(hidden=hidden, module=module)
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"scripts/{script}: {ended.stderr.splitlines()[-1]}"


def test_the_demo_is_among_them() -> None:
    assert ("run", "rig", "tests.demo.business") in _runs()
