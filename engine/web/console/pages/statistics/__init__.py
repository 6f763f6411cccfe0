"""Statistics: calls by service, hour, weekday, day and month, beside the period before."""

from engine.web.console.pages.statistics.routes import SUBJECT

__all__ = ["SUBJECT"]
