"""Keys of the interface for programs."""

from engine.web.console.pages.keys.routes import SUBJECT

__all__ = ["SUBJECT"]
