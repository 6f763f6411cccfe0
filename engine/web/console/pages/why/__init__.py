"""Why somebody cannot use his money."""

from engine.web.console.pages.why.routes import SUBJECT

__all__ = ["SUBJECT"]
