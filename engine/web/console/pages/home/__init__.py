"""The first page: what is going on."""

from engine.web.console.pages.home.routes import SUBJECT

__all__ = ["SUBJECT"]
