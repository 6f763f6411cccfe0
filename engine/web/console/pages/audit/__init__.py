"""The audit log, to be looked at."""

from engine.web.console.pages.audit.routes import SUBJECT

__all__ = ["SUBJECT"]
