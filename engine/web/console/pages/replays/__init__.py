"""The console's pages about replays."""

from engine.web.console.pages.replays.routes import SUBJECT

__all__ = ["SUBJECT"]
