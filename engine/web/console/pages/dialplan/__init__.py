"""The operator's own dialplan: edited, checked, applied while calls go on."""

from engine.web.console.pages.dialplan.routes import SUBJECT

__all__ = ["SUBJECT"]
