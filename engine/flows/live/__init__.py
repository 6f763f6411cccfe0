"""Live calls of all engines: seen as they are and as they change, warned and ended by people."""

from engine.flows.live.control import Control
from engine.flows.live.watch import Change, Live
from engine.flows.machines.seen import LiveCall

__all__ = ["Change", "Control", "Live", "LiveCall"]
