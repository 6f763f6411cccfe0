"""Signing in and out."""

from engine.web.console.pages.sign_in.routes import SUBJECT

__all__ = ["SUBJECT"]
