"""The console's pages about verifications and the merchants they are for."""

from engine.web.console.pages.verification.routes import SUBJECT

__all__ = ["SUBJECT"]
