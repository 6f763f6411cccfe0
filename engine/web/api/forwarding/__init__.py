"""Forwarding of toll-free numbers over the interface."""

from engine.web.api.forwarding.routes import ROUTES

__all__ = ["ROUTES"]
