"""Caller lists: who had a first-call offer."""

from engine.web.console.pages.lists.routes import SUBJECT

__all__ = ["SUBJECT"]
