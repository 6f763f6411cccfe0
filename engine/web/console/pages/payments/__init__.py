"""Top-ups: payment orders, money that came by hand, payments in suspense."""

from engine.web.console.pages.payments.routes import SUBJECT

__all__ = ["SUBJECT"]
