"""Billing profiles: amounts, providers, sites, the top-up page, statements."""

from engine.web.console.pages.profiles.routes import SUBJECT

__all__ = ["SUBJECT"]
