"""Mails over SMTP: to a real server of a library's, which says what the test wants."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography.hazmat.primitives import serialization

from engine.core.mail import Mail
from engine.ports.mails import MailReply, Taken
from engine.post.smtp import Security, SmtpPostman, SmtpServer
from tests.fakes.payments.authority import Authority

Made = Callable[..., SmtpPostman]

MAIL = Mail(
    key="missed:c1:a@example.org",
    organisation="acme",
    recipient="a@example.org",
    subject="Verpasster Anruf: Größe",
    text="Ein Anruf über „Größe“ hat niemanden erreicht.\n",
)


@dataclass
class Desk:
    """What a server does with recipients and mails; it keeps what it took."""

    to_recipient: str = "250 OK"
    to_mail: str = "250 OK"
    taken: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(  # noqa: N802  # the library's name
        self, _server: Any, _session: Any, envelope: Envelope
    ) -> str:
        if self.to_mail.startswith("250"):
            self.taken.append(envelope)
        return self.to_mail


def _fits(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    assert isinstance(given, LoginPassword)
    return AuthResult(success=given == LoginPassword(b"groschen", b"secret"), handled=False)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def certified(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate for this machine."""
    issued = authority.issue("localhost")
    file = tmp_path_factory.mktemp("smtp") / "localhost.pem"
    key = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(issued.chain + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


@pytest_asyncio.fixture
async def port(desk: Desk, certified: ssl.SSLContext) -> AsyncIterator[int]:
    """A server that wants TLS, and whoever sends to sign in."""

    def session() -> SMTP:
        return SMTP(
            desk,
            hostname="localhost",
            authenticator=_fits,
            auth_required=True,
            require_starttls=True,
            tls_context=certified,
        )

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    async with server:
        port: int = server.sockets[0].getsockname()[1]
        yield port


@pytest.fixture
def postman(port: int, authority: Authority) -> Made:
    """Who signs in as the server wants it, unless told otherwise."""

    def made(password: str = "secret", *, is_trusting: bool = True) -> SmtpPostman:
        trust = ssl.create_default_context(cadata=authority.root.decode())
        return SmtpPostman(
            server_at(port, Security.STARTTLS, password), trust=trust if is_trusting else None
        )

    return made


def server_at(port: int, security: Security, password: str = "secret") -> SmtpServer:
    return SmtpServer(
        host="localhost",
        port=port,
        sender="groschen@pay.example",
        security=security,
        user="groschen",
        password=password,
    )


async def test_a_mail_arrives_as_it_was_meant(desk: Desk, postman: Made) -> None:
    assert await postman().send(MAIL) == MailReply(Taken.TAKEN)
    [envelope] = desk.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("groschen@pay.example", ["a@example.org"])
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert (message["Subject"], message["To"]) == (MAIL.subject, MAIL.recipient)
    assert message.get_content().replace("\r\n", "\n") == MAIL.text
    assert message["Auto-Submitted"] == "auto-generated"


async def test_each_try_has_the_same_message_id(desk: Desk, postman: Made) -> None:
    for _ in range(2):
        await postman().send(MAIL)
    ids = {message_from_bytes(one.content or b"")["Message-ID"] for one in desk.taken}  # type: ignore[arg-type]  # it is bytes
    assert ids == {f"<{MAIL.name}@pay.example>"}


@pytest.mark.parametrize(
    ("to_recipient", "to_mail", "taken"),
    [
        ("550 no such user", "250 OK", Taken.REFUSED),
        ("450 try later", "250 OK", Taken.LATER),
        ("250 OK", "554 spam", Taken.REFUSED),
        ("250 OK", "451 try later", Taken.LATER),
    ],
)
async def test_what_a_server_says_is_told_without_its_words(
    desk: Desk, postman: Made, to_recipient: str, to_mail: str, taken: Taken
) -> None:
    desk.to_recipient, desk.to_mail = to_recipient, to_mail
    reply = await postman().send(MAIL)
    assert reply.taken is taken
    code = to_recipient[:3] if to_mail.startswith("250") else to_mail[:3]
    assert reply.problem.endswith(code)


async def test_a_wrong_password_is_ours_to_mend(desk: Desk, postman: Made) -> None:
    reply = await postman("wrong").send(MAIL)
    assert reply == MailReply(Taken.LATER, "SMTPAuthenticationError 535")
    assert desk.taken == []


async def test_who_cannot_be_trusted_gets_no_password(desk: Desk, postman: Made) -> None:
    reply = await postman(is_trusting=False).send(MAIL)
    assert reply.taken is Taken.LATER
    assert desk.taken == []


async def test_without_tls_a_server_that_wants_it_takes_nothing(desk: Desk, port: int) -> None:
    assert (await SmtpPostman(server_at(port, Security.NONE)).send(MAIL)).taken is Taken.LATER
    assert (await SmtpPostman(server_at(port, Security.TLS)).send(MAIL)).taken is Taken.LATER
    assert desk.taken == []


async def test_nobody_there_and_nobody_answering_are_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        server = server_at(port, Security.STARTTLS)
        async with asyncio.timeout(5):
            reply = await SmtpPostman(server, timeout_s=0.2).send(MAIL)
        assert reply.taken is Taken.LATER
    assert (await SmtpPostman(server).send(MAIL)).taken is Taken.LATER


async def test_a_heading_that_cannot_be_written_is_refused() -> None:
    mail = replace(MAIL, subject="two\nlines")
    reply = await SmtpPostman(server_at(1, Security.NONE)).send(mail)
    assert reply.taken is Taken.REFUSED
