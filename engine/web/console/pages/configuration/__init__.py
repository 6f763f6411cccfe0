"""The operator's files in the console: versions, drafts, history, what would happen to a call."""

from engine.web.console.pages.configuration.routes import SUBJECT

__all__ = ["SUBJECT"]
