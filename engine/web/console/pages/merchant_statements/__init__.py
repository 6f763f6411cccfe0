"""Merchants' statements: what verifications came to and cost, month by month."""

from engine.web.console.pages.merchant_statements.routes import SUBJECT

__all__ = ["SUBJECT"]
