"""Services and their tariffs: what there is, what it costs, changed in forms."""

from engine.web.console.pages.services.routes import SUBJECT

__all__ = ["SUBJECT"]
