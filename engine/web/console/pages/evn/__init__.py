"""The itemised records of calls (EVN): searched, exported, one of them with its timeline."""

from engine.web.console.pages.evn.routes import SUBJECT

__all__ = ["SUBJECT"]
