"""Sources: the sales channels in which numbers are published."""

from engine.web.console.pages.sources.routes import SUBJECT

__all__ = ["SUBJECT"]
