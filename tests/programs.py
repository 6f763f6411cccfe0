"""The programs that the set-up brings, for tests that run them."""

import os
from pathlib import Path

from engine.asterisk.process import Program

CHECKOUT = Path(__file__).resolve().parents[1]


def asterisk_program() -> Program:
    """The Asterisk of the set-up."""
    return Program.found(Path(os.environ.get("GROSCHEN_VAR", CHECKOUT / "var")) / "asterisk.json")
