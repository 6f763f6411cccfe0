"""What a name and a password must be like, and when a session is over (all times milliseconds)."""

import re

from engine.errors import CallerError
from engine.ports.users import Session

NAME_CHARS_MOST = 64
PASSWORD_CHARS_LEAST = 12
PASSWORD_CHARS_MOST = 200
DIFFERENT_CHARS_LEAST = 5

MINUTE_MS = 60_000
IDLE_MS = 60 * MINUTE_MS
LONGEST_MS = 12 * 60 * MINUTE_MS
UNPROVED_MS = 5 * MINUTE_MS
"""A session ends after so long without a request, after so long at all, and after so long if the
second factor does not come."""

_NAME = re.compile(rf"[a-z0-9][a-z0-9._@+-]{{1,{NAME_CHARS_MOST - 1}}}", re.ASCII)


def read_name(text: str) -> str:
    """The name that was meant, in small letters; `CallerError` if it cannot be one."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise CallerError(f"must be 2 to {NAME_CHARS_MOST} of a-z, 0-9 and . _ @ + -", "name")
    return name


def check_password(password: str, name: str) -> None:
    """Refuse a password that is guessed too easily (NIST SP 800-63B: length, not composition)."""
    if not PASSWORD_CHARS_LEAST <= len(password) <= PASSWORD_CHARS_MOST:
        rule = f"must have {PASSWORD_CHARS_LEAST} to {PASSWORD_CHARS_MOST} characters"
        raise CallerError(rule, "password")
    if name in password.lower() or len(set(password)) < DIFFERENT_CHARS_LEAST:
        raise CallerError("must not be guessed so easily", "password")


def is_over(session: Session, now_ms: int) -> bool:
    """Whether a session has ended by now."""
    return now_ms >= session.ends_ms or now_ms >= session.seen_ms + IDLE_MS
