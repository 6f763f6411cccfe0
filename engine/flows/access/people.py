"""Users of the console: added, given roles and passwords, locked, unlocked."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.core.roles import Role
from engine.errors import CallerError
from engine.flows.access import rules
from engine.flows.access.passwords import Passwords, made_password
from engine.ports.clock import Clock
from engine.ports.users import Sessions, User, UserFilter, Users

ID_BYTES = 8
IN_SESSION = "session"
"""Where a password is tried by whoever is signed in."""

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user whose password was made or changed here, and the password, which is not kept."""

    user: User
    password: str


class People:
    """The users of all organisations."""

    def __init__(
        self, users: Users, sessions: Sessions, clock: Clock, passwords: Passwords | None = None
    ) -> None:
        self.users = users
        self.sessions = sessions
        self.clock = clock
        self.passwords = passwords or Passwords()

    async def add(
        self, organisation: str | None, name: str, role: Role, password: str = ""
    ) -> NewUser:
        """Make a user; without a password one is made, and he must choose his own.

        `CallerError` for a name that is none or taken, or a password that is too easy.
        """
        name = rules.read_name(name)
        if await self.users.by_name(name) is not None:
            raise CallerError(f"{name} is taken", "name")
        if password:
            rules.check_password(password, name)
        chosen = password or made_password()
        user = User(
            user_id=secrets.token_hex(ID_BYTES),
            organisation=organisation,
            name=name,
            role=role,
            password_hash=await self.passwords.hash(chosen),
            must_change=not password,
            created_ms=self.clock.now().wall_ms,
        )
        await self.users.add(user)
        return NewUser(user, chosen)

    async def named(self, name: str) -> User:
        """The user with this name; `CallerError` if there is none."""
        user = await self.users.by_name(rules.read_name(name))
        if user is None:
            raise CallerError(f"there is no user {name}", "name")
        return user

    async def listed(self, wanted: UserFilter) -> Sequence[User]:
        """Users by name."""
        return await self.users.users(wanted)

    async def reset_password(self, user: User, password: str = "") -> NewUser:
        """Give a user another password, made if not given; all his sessions end."""
        if password:
            rules.check_password(password, user.name)
        chosen = password or made_password()
        await self._set_password(user, chosen, must_change=not password, but="")
        return NewUser(replace(user, must_change=not password), chosen)

    async def change_password(self, user: User, old: str, new: str, session_hash: str) -> None:
        """Let a user choose his own; his other sessions end. `CallerError` names the field."""
        await self.prove(user, old, "old")
        rules.check_password(new, user.name)
        if new == old:
            raise CallerError("must be another one", "password")
        await self._set_password(user, new, must_change=False, but=session_hash)

    async def set_role(self, user: User, role: Role) -> None:
        """Give a user another role; `ConflictError` if no owner were left."""
        await self.users.set_role(user.user_id, role)

    async def lock(self, user: User) -> None:
        """Let a user in no more, at once; `ConflictError` if no owner were left."""
        await self.users.set_locked(user.user_id, self.clock.now().wall_ms)
        await self.sessions.end_all(user.user_id)

    async def unlock(self, user: User) -> None:
        """Let a user in again, whatever kept him out; only by signing in anew."""
        await self.sessions.end_all(user.user_id)
        await self.users.set_locked(user.user_id, None)

    async def set_look(self, user: User, lang: str, theme: str) -> None:
        """How a user wants his pages; an empty language: as his browser says."""
        if theme not in THEMES:
            raise CallerError(f"must be one of {', '.join(THEMES)}", "theme")
        await self.users.set_look(user.user_id, lang, theme)

    async def prove(self, user: User, password: str, field: str) -> None:
        """`CallerError` unless the password is the user's; counts as a try to sign in."""
        if not await self.may_try(user, IN_SESSION, rules.TRIES_MOST, rules.WAIT_MS):
            raise CallerError("too many tries; wait a quarter of an hour", field)
        if not await self.passwords.fits(user.password_hash, password[: rules.PASSWORD_CHARS_MOST]):
            raise CallerError("is not your password", field)
        await self.users.forget_tries(user.user_id, IN_SESSION)

    async def may_try(self, user: User, source: str, most: int, within_ms: int) -> bool:
        """Count a try from a source before it is judged; whether there was one left."""
        now_ms = self.clock.now().wall_ms
        return await self.users.count_try(user.user_id, source, most, now_ms, now_ms + within_ms)

    async def _set_password(
        self, user: User, password: str, *, must_change: bool, but: str
    ) -> None:
        hashed = await self.passwords.hash(password)
        await self.users.set_password(user.user_id, hashed, must_change=must_change)
        await self.sessions.end_all(user.user_id, but)
