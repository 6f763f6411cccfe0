"""The programs that the set-up brings, for tests that run them."""

import json
import os
from pathlib import Path

from engine.asterisk.process import Program

CHECKOUT = Path(__file__).resolve().parents[1]
VAR = Path(os.environ.get("GROSCHEN_VAR", CHECKOUT / "var"))


def asterisk_program() -> Program:
    """The Asterisk of the set-up."""
    return Program.found(VAR / "asterisk.json")


def chromium_program() -> Path:
    """The Chromium of the set-up; `RuntimeError` where it was left out."""
    facts = VAR / "chromium.json"
    if not facts.exists():
        raise RuntimeError(f"{facts} is missing: run scripts/setup")
    return Path(json.loads(facts.read_text())["executable"])
