"""`ports.mails.Postman` over SMTP (RFC 5321), by one server that the operator names.

Only what a server says for good of the recipient or the text is a refusal (5xx to RCPT or DATA);
what it says of us or our password is ours to mend, and the mail waits.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from engine.core.mail import Mail
from engine.ports.mails import MailReply, Taken

TIMEOUT_S = 30.0
"""For a whole exchange, from looking the name up to the last answer."""


class Security(StrEnum):
    """How the connection is secured: by STARTTLS (RFC 3207), from its first byte (RFC 8314), or
    not at all, for a server on this very machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The server, and the address that mails come from; no password, no signing in."""

    host: str
    port: int
    sender: str
    security: Security
    user: str = ""
    password: str = ""


class SmtpPostman:
    """Sends each mail over a connection of its own; `trust` says whose certificates are believed
    instead of the system's."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        timeout_s: float = TIMEOUT_S,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._trust = trust

    async def send(self, mail: Mail) -> MailReply:
        """See `ports.mails`."""
        try:
            message = _message(mail, self._server.sender)
            async with asyncio.timeout(self._timeout_s):
                await self._exchange(message)
        except SMTPRecipientsRefused as error:
            return _answered(error.recipients[0])
        except SMTPDataError as error:
            return _answered(error)
        except SMTPResponseException as error:
            return MailReply(Taken.LATER, f"{type(error).__name__} {error.code}")
        except (SMTPException, OSError) as error:
            return MailReply(Taken.LATER, type(error).__name__)
        except ValueError:
            return MailReply(Taken.REFUSED, "no such mail can be written")
        return MailReply(Taken.TAKEN)

    async def _exchange(self, message: EmailMessage) -> None:
        server = self._server
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=self._trust,
            timeout=self._timeout_s,
        )


def _answered(error: SMTPRecipientRefused | SMTPDataError) -> MailReply:
    """What the server said of the recipient or the text; its words may hold his address."""
    taken = Taken.REFUSED if error.code >= 500 else Taken.LATER
    return MailReply(taken, f"{type(error).__name__} {error.code}")


def _message(mail: Mail, sender: str) -> EmailMessage:
    """The mail as it is sent; marked as written by no person (RFC 3834, 5)."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{mail.name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
