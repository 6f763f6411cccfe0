"""What a user sets for himself: password, second factor, language, look, sessions."""

from engine.web.console.pages.settings.routes import SUBJECT

__all__ = ["SUBJECT"]
