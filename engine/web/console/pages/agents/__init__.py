"""Agents and hunt groups: how they stand, their phones, their day, their pauses."""

from engine.web.console.pages.agents.routes import SUBJECT

__all__ = ["SUBJECT"]
