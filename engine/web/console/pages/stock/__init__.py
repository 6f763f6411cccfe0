"""The operator's stock: what waits for a decision, blocks taken in, prices, what is due."""

from engine.web.console.pages.stock.routes import SUBJECT

__all__ = ["SUBJECT"]
