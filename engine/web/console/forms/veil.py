"""Texts that a page must carry and nobody may read, such as the number a button is about.

They are encrypted for the session alone in which the page was shown.
"""

from engine.flows.payments.seals import Purpose
from engine.web.console.asked import Asked

TEXT_CHARS_MOST = 500


def veil(asked: Asked, text: str) -> str:
    """The text as a page may carry it."""
    return asked.site.seal.hide(Purpose.VEIL, asked.session.session_hash, text)


def unveil(asked: Asked, veiled: str) -> str | None:
    """What was veiled in this session; None for anything else."""
    hidden = veiled[:TEXT_CHARS_MOST]
    return asked.site.seal.show(Purpose.VEIL, asked.session.session_hash, hidden)
