"""`ports.users` and `ports.audit` in the ledger's own database; each method is one transaction."""

from collections.abc import Sequence
from functools import partial

from engine.core.roles import Role
from engine.ledger.sql import SqlLedger
from engine.ledger.users import people, signed_in, trail, tries
from engine.ports.audit import Act, ActFilter, AuditLine, Detail
from engine.ports.users import Session, User, UserFilter


class SqlUsers:
    """The users in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def add(self, user: User) -> None:
        """See `ports.users`."""
        await self._database.write(partial(people.add, user=user))

    async def user(self, user_id: str) -> User | None:
        """See `ports.users`."""
        return await self._database.read(partial(people.by_id, user_id=user_id))

    async def by_name(self, name: str) -> User | None:
        """See `ports.users`."""
        return await self._database.read(partial(people.by_name, name=name))

    async def users(self, wanted: UserFilter) -> Sequence[User]:
        """See `ports.users`."""
        return await self._database.read(partial(people.listed, wanted=wanted))

    async def set_password(self, user_id: str, password_hash: str, *, must_change: bool) -> None:
        """See `ports.users`."""
        values = {"password_hash": password_hash, "must_change": must_change}
        await self._database.write(partial(people.change_afresh, user_id=user_id, values=values))

    async def set_role(self, user_id: str, role: Role) -> None:
        """See `ports.users`."""
        values = {"role": role.value}
        await self._database.write(partial(people.change_standing, user_id=user_id, values=values))

    async def set_locked(self, user_id: str, at_ms: int | None) -> None:
        """See `ports.users`."""
        await self._database.write(partial(people.set_locked, user_id=user_id, at_ms=at_ms))

    async def set_look(self, user_id: str, lang: str, theme: str) -> None:
        """See `ports.users`."""
        values = {"lang": lang, "theme": theme}
        await self._database.write(partial(people.change, user_id=user_id, values=values))

    async def set_totp(self, user_id: str, secret: str | None, code_hashes: Sequence[str]) -> None:
        """See `ports.users`."""
        work = partial(people.set_totp, user_id=user_id, secret=secret, code_hashes=code_hashes)
        await self._database.write(work)

    async def by_totp_chars(self, chars: int, most: int) -> Sequence[User]:
        """See `ports.users`."""
        return await self._database.read(partial(people.by_totp_chars, chars=chars, most=most))

    async def replace_totp(self, user_id: str, before: str, after: str) -> None:
        """See `ports.users`."""
        work = partial(people.replace_totp, user_id=user_id, before=before, after=after)
        await self._database.write(work)

    async def count_try(
        self, user_id: str, source: str, most: int, at_ms: int, until_ms: int
    ) -> bool:
        """See `ports.users`."""
        counted = tries.Tried(user_id, source, at_ms, until_ms)
        return await self._database.write(partial(tries.count, tried=counted, most=most))

    async def has_try(self, user_id: str, source: str, most: int, at_ms: int) -> bool:
        """See `ports.users`."""
        work = partial(tries.is_left, user_id=user_id, source=source, most=most, at_ms=at_ms)
        return await self._database.read(work)

    async def forget_tries(self, user_id: str, source: str) -> None:
        """See `ports.users`."""
        await self._database.write(partial(tries.forget, user_id=user_id, source=source))

    async def use_step(self, user_id: str, step: int) -> bool:
        """See `ports.users`."""
        return await self._database.write(partial(people.use_step, user_id=user_id, step=step))

    async def use_code(self, user_id: str, code_hash: str) -> bool:
        """See `ports.users`."""
        work = partial(people.use_code, user_id=user_id, code_hash=code_hash)
        return await self._database.write(work)

    async def codes_left(self, user_id: str) -> int:
        """See `ports.users`."""
        return await self._database.read(partial(people.codes_left, user_id=user_id))


class SqlSessions:
    """The sessions in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def begin(self, session: Session, judged: User, most: int) -> bool:
        """See `ports.users`."""
        work = partial(signed_in.begin, session=session, judged=judged, most=most)
        return await self._database.write(work)

    async def session(self, session_hash: str) -> tuple[Session, User] | None:
        """See `ports.users`."""
        return await self._database.read(partial(signed_in.session, session_hash=session_hash))

    async def sessions(self, user_id: str) -> Sequence[Session]:
        """See `ports.users`."""
        return await self._database.read(partial(signed_in.listed, user_id=user_id))

    async def seen(self, session_hash: str, at_ms: int) -> None:
        """See `ports.users`."""
        await self._change(session_hash, {"seen_ms": at_ms})

    async def look_at(self, session_hash: str, organisation: str | None) -> None:
        """See `ports.users`."""
        await self._change(session_hash, {"organisation": organisation})

    async def end(self, session_hash: str) -> None:
        """See `ports.users`."""
        await self._database.write(partial(signed_in.end, session_hash=session_hash))

    async def end_all(self, user_id: str, but: str = "") -> None:
        """See `ports.users`."""
        await self._database.write(partial(signed_in.end_all, user_id=user_id, but=but))

    async def _change(self, session_hash: str, values: dict[str, object]) -> None:
        work = partial(signed_in.change, session_hash=session_hash, values=values)
        await self._database.write(work)


class SqlAudit:
    """The audit log in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def begin(self, act: Act) -> None:
        """See `ports.audit`."""
        await self._database.write(partial(trail.begin, act=act))

    async def end(self, act_id: str, outcome: str, detail: Detail) -> None:
        """See `ports.audit`."""
        work = partial(trail.end, act_id=act_id, outcome=outcome, detail=detail)
        await self._database.write(work)

    async def lines(self, wanted: ActFilter) -> Sequence[AuditLine]:
        """See `ports.audit`."""
        return await self._database.read(partial(trail.listed, wanted=wanted))
