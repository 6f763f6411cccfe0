"""Authorities' requests about numbers, which the operator's owners alone see."""

from engine.web.console.pages.cases.routes import SUBJECT

__all__ = ["SUBJECT"]
