"""The set-up list of the first day: each step tried for real when the page is asked for."""

from engine.web.console.pages.first_day.routes import SUBJECT

__all__ = ["SUBJECT"]
