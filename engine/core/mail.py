"""A mail that is to be sent once."""

import hashlib
import re
from dataclasses import dataclass

from engine.errors import CallerError

ADDRESS_CHARS_MOST = 254
"""The most that SMTP carries in a path of 256 (RFC 5321, 4.5.3.1.3)."""

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A plain text for one recipient; `key` is what it is known by: queued twice it is one mail."""

    key: str
    organisation: str
    recipient: str
    subject: str
    text: str

    @property
    def name(self) -> str:
        """The local part of its Message-ID, the same each time it is tried (RFC 5322, 3.6.4)."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:40]


def check_address(text: str, *, field: str) -> str:
    """A mail address in ASCII (dot-atom, RFC 5322, 3.4.1); `CallerError` for anything else."""
    local, _, _ = text.partition("@")
    if len(text) > ADDRESS_CHARS_MOST or len(local) > 64 or not _ADDRESS.fullmatch(text):
        raise CallerError('must be a mail address such as "sales@example.org"', field)
    return text
