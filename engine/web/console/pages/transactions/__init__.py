"""Transactions: what moved on customers' accounts, and a new one by hand."""

from engine.web.console.pages.transactions.routes import SUBJECT

__all__ = ["SUBJECT"]
