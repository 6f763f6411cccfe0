"""Customers: their accounts, numbers, notes, blocks and PINs."""

from engine.web.console.pages.customers.routes import SUBJECT

__all__ = ["SUBJECT"]
