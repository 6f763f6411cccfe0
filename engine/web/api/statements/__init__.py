"""Monthly statements of billing profiles and of merchants over the interface."""

from engine.web.api.statements.routes import ROUTES

__all__ = ["ROUTES"]
