"""Numbers: who has which, ordering, what was told of them, what they cost."""

from engine.web.console.pages.numbers.routes import SUBJECT

__all__ = ["SUBJECT"]
