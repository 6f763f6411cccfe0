"""Tracking calls: reports, and how they are counted and told."""

from engine.web.api.tracking.routes import ROUTES

__all__ = ["ROUTES"]
