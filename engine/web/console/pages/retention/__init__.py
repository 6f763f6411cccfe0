"""Retention: what is kept how long, and what is due."""

from engine.web.console.pages.retention.routes import SUBJECT

__all__ = ["SUBJECT"]
