"""Verifications: phone numbers proved by a call, for merchants' servers."""

from engine.web.api.verifications.routes import ROUTES

__all__ = ["ROUTES"]
