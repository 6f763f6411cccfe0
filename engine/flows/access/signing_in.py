"""Signing in: password, then the second factor where there is one; sessions.

Whoever is refused learns nothing: an unknown name, a wrong password, a locked user and one who has
to wait get the same answer after the same work. A session's secret has 256 random bits and is told
to the browser alone; it is another one after each step.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace

from engine.errors import CallerError
from engine.flows.access import rules
from engine.flows.access.brakes import Brakes, Visitor
from engine.flows.access.factors import SecondFactors
from engine.flows.access.people import People
from engine.flows.payments.seals import Seal
from engine.ports.users import Session, User

SECRET_BYTES = 32
SESSIONS_MOST = 20
UNPROVED_MOST = rules.TRIES_MOST + 2
"""Sessions of a user that wait for his second factor: more than one network can begin, so that it
alone keeps nobody from giving his."""
SEEN_EVERY_MS = rules.MINUTE_MS
BROWSER_CHARS_MOST = 200


@dataclass(frozen=True, slots=True)
class Begun:
    """A session just begun, whose it is, and its secret, which is not kept. `known` is what the
    browser is known by from now on; empty until its user has proved all."""

    session: Session
    user: User
    secret: str
    known: str = ""


class SigningIn:
    """The way in."""

    def __init__(self, people: People, seal: Seal) -> None:
        self.factors = SecondFactors(people, seal)
        self._brakes = Brakes(people, seal)
        self._people = people
        self._users = people.users
        self._sessions = people.sessions

    async def by_password(self, name: str, password: str, visitor: Visitor) -> Begun | None:
        """A session for a name and its password; not yet proved if a second factor is due."""
        user = await self._named(name)
        can_try = user is not None and await self._brakes.may_try(user, visitor)
        held = user.password_hash if user is not None and can_try else None
        fits = await self._people.passwords.fits(held, password[: rules.PASSWORD_CHARS_MOST])
        if user is None or not fits or user.locked_ms is not None:
            return None
        if user.totp_secret is not None:
            return await self._begin(user, visitor, proved=False)
        await self._brakes.forget(user, visitor)
        return await self._begin(user, visitor, proved=True)

    async def by_code(
        self, session: Session, user: User, code: str, visitor: Visitor
    ) -> Begun | None:
        """A proved session for one that waits for its second factor (or a recovery code)."""
        if user.totp_secret is None or not await self._brakes.may_try(user, visitor):
            return None
        if not await self.factors.fits(user, code):
            return None
        await self._brakes.forget(user, visitor)
        await self._sessions.end(session.session_hash)
        return await self._begin(user, visitor, proved=True)

    async def recognise(self, secret: str, *, notes: bool = True) -> tuple[Session, User] | None:
        """The session with this secret and whose it is, None if it is over.

        `notes` that it was seen, which keeps it from ending as idle.
        """
        if not secret:
            return None
        found = await self._sessions.session(session_hash(secret))
        if found is None:
            return None
        session, user = found
        now_ms = self._now_ms()
        if rules.is_over(session, now_ms) or user.locked_ms is not None:
            return None
        if notes and now_ms - session.seen_ms >= SEEN_EVERY_MS:
            await self._sessions.seen(session.session_hash, now_ms)
            session = replace(session, seen_ms=now_ms)
        return session, user

    async def leave(self, session: Session) -> None:
        """End a session."""
        await self._sessions.end(session.session_hash)

    async def _named(self, name: str) -> User | None:
        try:
            return await self._users.by_name(rules.read_name(name))
        except CallerError:
            return None

    async def _begin(self, user: User, visitor: Visitor, *, proved: bool) -> Begun | None:
        """A session, None if the password it was asked for with is no longer the user's."""
        now_ms = self._now_ms()
        secret = secrets.token_urlsafe(SECRET_BYTES)
        session = Session(
            session_hash=session_hash(secret),
            user_id=user.user_id,
            proved=proved,
            begun_ms=now_ms,
            seen_ms=now_ms,
            ends_ms=now_ms + (rules.LONGEST_MS if proved else rules.UNPROVED_MS),
            address=visitor.address,
            browser=visitor.browser[:BROWSER_CHARS_MOST],
        )
        most = SESSIONS_MOST if proved else UNPROVED_MOST
        has_begun = await self._sessions.begin(session, user, most)
        known = self._brakes.known(user) if proved else ""
        return Begun(session, user, secret, known) if has_begun else None

    def _now_ms(self) -> int:
        return self._people.clock.now().wall_ms


def session_hash(secret: str) -> str:
    """What is kept of a session's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_token(secret: str, organisation: str | None = None) -> str:
    """What every form of a session carries, so that no other site can send it (CSRF).

    It is good while the operator's staff look at the organisation it was made for: what is meant
    for one never lands in another that was chosen meanwhile.
    """
    words = f"form {organisation or ''}".encode()
    return hmac.new(secret.encode(), words, hashlib.sha256).hexdigest()
