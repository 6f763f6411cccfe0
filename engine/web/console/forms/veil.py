"""Texts that a page must carry and nobody may read, such as the number a button is about.

They are encrypted (Fernet) for the session alone in which the page was shown.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken

from engine.flows.payments.seals import Purpose
from engine.web.console.asked import Asked

TEXT_CHARS_MOST = 500


def veil(asked: Asked, text: str) -> str:
    """The text as a page may carry it."""
    return _cipher(asked).encrypt(text.encode()).decode()


def unveil(asked: Asked, veiled: str) -> str | None:
    """What was veiled in this session; None for anything else."""
    try:
        return _cipher(asked).decrypt(veiled[:TEXT_CHARS_MOST].encode()).decode()
    except InvalidToken:
        return None


def _cipher(asked: Asked) -> Fernet:
    key = asked.site.seal.make(Purpose.VEIL, asked.session.session_hash)
    return Fernet(base64.urlsafe_b64encode(key.encode()))
