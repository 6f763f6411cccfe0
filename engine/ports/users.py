"""People who sign in to the console, and their sessions.

Every method is one transaction, with the errors of `ports.ledger`. A user belongs to an
organisation, or to the operator himself (`organisation` is None) and then sees all of them. Of
secrets only hashes are kept, but for the second factor's, which must be computed with: it comes
here encrypted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. `name` is what he signs in with, unique in the house.

    `must_change`: the password was made by another, and is good for choosing his own alone.
    `theme` is `auto`, `light` or `dark`; an empty `lang` leaves it to the browser. `totp_secret`
    is that of his second factor as the books keep it, encrypted; None without one. `locked_ms`:
    locked by hand, since then.
    """

    user_id: str
    organisation: str | None
    name: str
    role: Role
    password_hash: str
    must_change: bool
    created_ms: int
    totp_secret: str | None = None
    locked_ms: int | None = None
    lang: str = ""
    theme: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody signed in; of its secret only the SHA-256 is kept (hexadecimal).

    `proved`: the second factor too. `organisation` is what the operator's staff look at now (None:
    all); others look at their own.
    """

    session_hash: str
    user_id: str
    proved: bool
    begun_ms: int
    seen_ms: int
    ends_ms: int
    address: str
    browser: str
    organisation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users are listed: by name, `most` of them after `after`; all without organisation."""

    organisation: str | None
    after: str = ""
    most: int = 50


class Users(Protocol):
    """All people. What names somebody who is not there changes nothing, unless said otherwise."""

    async def add(self, user: User) -> None:
        """`ConflictError` if the name is taken; the very same one again changes nothing."""
        ...

    async def user(self, user_id: str) -> User | None: ...

    async def by_name(self, name: str) -> User | None: ...

    async def users(self, wanted: UserFilter) -> Sequence[User]: ...

    async def set_password(self, user_id: str, password_hash: str, *, must_change: bool) -> None:
        """A new password; tries are forgotten."""
        ...

    async def set_role(self, user_id: str, role: Role) -> None:
        """`ConflictError` if no unlocked owner were left in his organisation."""
        ...

    async def set_locked(self, user_id: str, at_ms: int | None) -> None:
        """Lock, or unlock (None), which forgets his tries; `ConflictError` as with `set_role`."""
        ...

    async def set_look(self, user_id: str, lang: str, theme: str) -> None: ...

    async def set_totp(self, user_id: str, secret: str | None, code_hashes: Sequence[str]) -> None:
        """A second factor with its recovery codes, or none; what was before is gone."""
        ...

    async def by_totp_chars(self, chars: int, most: int) -> Sequence[User]:
        """At most so many of those whose second factor's secret is kept in so many characters."""
        ...

    async def replace_totp(self, user_id: str, before: str, after: str) -> None:
        """Keep a second factor's secret in another form, if it is still kept as `before`."""
        ...

    async def count_try(
        self, user_id: str, source: str, most: int, at_ms: int, until_ms: int
    ) -> bool:
        """Count a try from a source before it is judged; False if none is left.

        There are `most` from the first of them to its `until_ms`; then counting begins anew. Of a
        user's tries nothing stays whose time is over.
        """
        ...

    async def has_try(self, user_id: str, source: str, most: int, at_ms: int) -> bool:
        """Whether a source has a try left; none is counted."""
        ...

    async def forget_tries(self, user_id: str, source: str) -> None: ...

    async def use_step(self, user_id: str, step: int) -> bool:
        """Use up a time step of the second factor; False if it, or a later one, was used before."""
        ...

    async def use_code(self, user_id: str, code_hash: str) -> bool:
        """Use up a recovery code; False if there is none such."""
        ...

    async def codes_left(self, user_id: str) -> int:
        """How many recovery codes he has left."""
        ...


class Sessions(Protocol):
    """Who is signed in."""

    async def begin(self, session: Session, judged: User, most: int) -> bool:
        """Begin a session of the user who was judged; of his at most `most` stay, the newest.

        Only those are counted, and go, that are `proved` as this one is: whoever has the password
        alone ends no session of who has the second factor too.
        False, and nothing is begun, if he has another password or is locked by now. All sessions
        that have ended are forgotten.
        """
        ...

    async def session(self, session_hash: str) -> tuple[Session, User] | None:
        """The session and whose it is, also when it has ended by now."""
        ...

    async def sessions(self, user_id: str) -> Sequence[Session]:
        """A user's, seen last first, also those that have ended by now."""
        ...

    async def seen(self, session_hash: str, at_ms: int) -> None: ...

    async def look_at(self, session_hash: str, organisation: str | None) -> None:
        """What the operator's staff want to look at."""
        ...

    async def end(self, session_hash: str) -> None: ...

    async def end_all(self, user_id: str, but: str = "") -> None:
        """End all sessions of a user, but for one (its hash)."""
        ...
