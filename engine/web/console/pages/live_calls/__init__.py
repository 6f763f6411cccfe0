"""Live calls of all engines as they change; a supervisor tops up, warns and ends them."""

from engine.web.console.pages.live_calls.routes import SUBJECT

__all__ = ["SUBJECT"]
