"""The wiring: the one room that knows every concrete class.

`running(plan)` starts what the plan says is our own (store, Asterisk), connects to the rest, and
gives an engine at work; at its end all of it is stopped in the opposite order. `books_of` opens the
books alone, for commands.
"""

from engine.app.books import Books, books_of, manual_till
from engine.app.heap import freeze_heap
from engine.app.parts import sounds_of
from engine.app.plan import Plan, WebPlan, asterisk_files, files_to_check, plan_of, secret
from engine.app.running import Running, running

__all__ = [
    "Books",
    "Plan",
    "Running",
    "WebPlan",
    "asterisk_files",
    "books_of",
    "files_to_check",
    "freeze_heap",
    "manual_till",
    "plan_of",
    "running",
    "secret",
    "sounds_of",
]
