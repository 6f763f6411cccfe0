"""Live calls of all engines: seen as they are and as they change, warned and ended by people."""

from engine.flows.live.control import Control
from engine.flows.live.seen import LiveCall, seen
from engine.flows.live.watch import Change, Live

__all__ = ["Change", "Control", "Live", "LiveCall", "seen"]
