"""The console's pages about webhooks."""

from engine.web.console.pages.webhooks.routes import SUBJECT

__all__ = ["SUBJECT"]
