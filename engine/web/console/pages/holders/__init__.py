"""Holders: their data, what they are to prove, the documents that prove it."""

from engine.web.console.pages.holders.routes import SUBJECT

__all__ = ["SUBJECT"]
