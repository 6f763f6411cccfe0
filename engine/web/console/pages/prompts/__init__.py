"""Prompts: what is said, how it sounds, where it is said; recordings, and rendering anew."""

from engine.web.console.pages.prompts.routes import SUBJECT

__all__ = ["SUBJECT"]
