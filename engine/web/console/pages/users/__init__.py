"""Users, their roles, locks and sessions."""

from engine.web.console.pages.users.routes import SUBJECT

__all__ = ["SUBJECT"]
