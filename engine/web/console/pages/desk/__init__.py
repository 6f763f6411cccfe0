"""An agent's own page: his call, his pauses, his day, and what he notes of a caller."""

from engine.web.console.pages.desk.routes import SUBJECT

__all__ = ["SUBJECT"]
