"""Where numbers lead: routes of toll-free and tracked numbers, the log of forwarded calls."""

from engine.web.console.pages.diversion.routes import SUBJECT

__all__ = ["SUBJECT"]
