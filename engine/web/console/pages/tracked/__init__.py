"""Tracking calls: reported by source and time, listed without their callers, and their terms."""

from engine.web.console.pages.tracked.routes import SUBJECT

__all__ = ["SUBJECT"]
