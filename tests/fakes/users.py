"""Users, sessions and the audit log in memory: same answers and refusals, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.core.roles import Role
from engine.errors import ConflictError
from engine.ports.audit import Act, ActFilter, AuditLine, Detail
from engine.ports.users import Session, User, UserFilter


@dataclass
class _Factor:
    tries: dict[str, tuple[int, int]] = field(default_factory=dict)
    step: int = 0
    codes: set[str] = field(default_factory=set)


class MemoryUsers:
    """`ports.users.Users` in memory."""

    def __init__(self) -> None:
        self.people: dict[str, User] = {}
        self._factors: dict[str, _Factor] = {}

    async def add(self, user: User) -> None:
        present = await self.by_name(user.name)
        if present not in (None, user):
            raise ConflictError(f"the name {user.name} is taken")
        self.people[user.user_id] = user
        self._factors.setdefault(user.user_id, _Factor())

    async def user(self, user_id: str) -> User | None:
        return self.people.get(user_id)

    async def by_name(self, name: str) -> User | None:
        return next((user for user in self.people.values() if user.name == name), None)

    async def users(self, wanted: UserFilter) -> Sequence[User]:
        found = [
            user
            for user in sorted(self.people.values(), key=lambda user: user.name)
            if user.name > wanted.after and wanted.organisation in (None, user.organisation)
        ]
        return found[: wanted.most]

    async def set_password(self, user_id: str, password_hash: str, *, must_change: bool) -> None:
        self._change(user_id, password_hash=password_hash, must_change=must_change)
        self._forget_all(user_id)

    async def set_role(self, user_id: str, role: Role) -> None:
        self._change_standing(user_id, role=role)

    async def set_locked(self, user_id: str, at_ms: int | None) -> None:
        self._change_standing(user_id, locked_ms=at_ms)
        self._forget_all(user_id)

    async def set_look(self, user_id: str, lang: str, theme: str) -> None:
        self._change(user_id, lang=lang, theme=theme)

    async def set_totp(self, user_id: str, secret: str | None, code_hashes: Sequence[str]) -> None:
        self._change(user_id, totp_secret=secret)
        if factor := self._factors.get(user_id):
            factor.step, factor.codes = 0, set(code_hashes)

    async def by_totp_chars(self, chars: int, most: int) -> Sequence[User]:
        found = [user for user in self.people.values() if len(user.totp_secret or "") == chars]
        return sorted(found, key=lambda user: user.name)[:most]

    async def replace_totp(self, user_id: str, before: str, after: str) -> None:
        if user_id in self.people and self.people[user_id].totp_secret == before:
            self._change(user_id, totp_secret=after)

    async def count_try(
        self, user_id: str, source: str, most: int, at_ms: int, until_ms: int
    ) -> bool:
        factor = self._factors.get(user_id)
        if factor is None:
            return False
        factor.tries = {name: one for name, one in factor.tries.items() if one[1] > at_ms}
        count, until_ms = factor.tries.get(source, (0, until_ms))
        if count < most:
            factor.tries[source] = count + 1, until_ms
        return count < most

    async def has_try(self, user_id: str, source: str, most: int, at_ms: int) -> bool:
        tries = self._factors[user_id].tries if user_id in self._factors else {}
        count, until_ms = tries.get(source, (0, at_ms))
        return until_ms <= at_ms or count < most

    async def forget_tries(self, user_id: str, source: str) -> None:
        if factor := self._factors.get(user_id):
            factor.tries.pop(source, None)

    def _forget_all(self, user_id: str) -> None:
        if factor := self._factors.get(user_id):
            factor.tries.clear()

    async def use_step(self, user_id: str, step: int) -> bool:
        factor = self._factors.get(user_id)
        if factor is None or factor.step >= step:
            return False
        factor.step = step
        return True

    async def use_code(self, user_id: str, code_hash: str) -> bool:
        factor = self._factors.get(user_id)
        if factor is None or code_hash not in factor.codes:
            return False
        factor.codes.remove(code_hash)
        return True

    async def codes_left(self, user_id: str) -> int:
        factor = self._factors.get(user_id)
        return len(factor.codes) if factor is not None else 0

    def _change(self, user_id: str, **values: object) -> None:
        if user_id in self.people:
            self.people[user_id] = replace(self.people[user_id], **values)  # type: ignore[arg-type]  # any field

    def _change_standing(self, user_id: str, **values: object) -> None:
        user = self.people.get(user_id)
        if user is None:
            return
        before = self._owners(user.organisation)
        self._change(user_id, **values)
        if before and not self._owners(user.organisation):
            self.people[user_id] = user
            raise ConflictError("an owner must be left")

    def _owners(self, organisation: str | None) -> list[User]:
        return [
            user
            for user in self.people.values()
            if user.organisation == organisation
            and user.role is Role.OWNER
            and user.locked_ms is None
        ]


class MemorySessions:
    """`ports.users.Sessions` in memory, of the users of `MemoryUsers`."""

    def __init__(self, users: MemoryUsers) -> None:
        self._users = users
        self._sessions: dict[str, Session] = {}

    async def begin(self, session: Session, judged: User, most: int) -> bool:
        known = self._users.people[session.user_id]
        if (known.password_hash, known.locked_ms) != (judged.password_hash, judged.locked_ms):
            return False
        self._sessions = {
            name: one for name, one in self._sessions.items() if one.ends_ms > session.begun_ms
        }
        self._sessions[session.session_hash] = session
        alike = [
            one
            for one in self._sessions.values()
            if (one.user_id, one.proved) == (session.user_id, session.proved)
        ]
        for old in sorted(alike, key=lambda one: (-one.begun_ms, one.session_hash))[most:]:
            del self._sessions[old.session_hash]
        return True

    async def session(self, session_hash: str) -> tuple[Session, User] | None:
        found = self._sessions.get(session_hash)
        return None if found is None else (found, self._users.people[found.user_id])

    async def sessions(self, user_id: str) -> Sequence[Session]:
        his = [one for one in self._sessions.values() if one.user_id == user_id]
        return sorted(his, key=lambda one: (-one.seen_ms, one.session_hash))

    async def seen(self, session_hash: str, at_ms: int) -> None:
        if found := self._sessions.get(session_hash):
            self._sessions[session_hash] = replace(found, seen_ms=at_ms)

    async def look_at(self, session_hash: str, organisation: str | None) -> None:
        if found := self._sessions.get(session_hash):
            self._sessions[session_hash] = replace(found, organisation=organisation)

    async def end(self, session_hash: str) -> None:
        self._sessions.pop(session_hash, None)

    async def end_all(self, user_id: str, but: str = "") -> None:
        self._sessions = {
            name: one
            for name, one in self._sessions.items()
            if one.user_id != user_id or name == but
        }


class MemoryAudit:
    """`ports.audit.Audit` in memory."""

    def __init__(self) -> None:
        self._acts: list[Act] = []
        self._ends: dict[str, tuple[str, Detail]] = {}

    async def begin(self, act: Act) -> None:
        if act.act_id not in {known.act_id for known in self._acts}:
            self._acts.append(act)

    async def end(self, act_id: str, outcome: str, detail: Detail) -> None:
        self._ends.setdefault(act_id, (outcome, dict(detail)))

    async def lines(self, wanted: ActFilter) -> Sequence[AuditLine]:
        acts = self._acts
        if wanted.before:
            ids = [act.act_id for act in acts]
            acts = acts[: ids.index(wanted.before)] if wanted.before in ids else []
        found = [
            AuditLine(act, *self._ends.get(act.act_id, ("", {})))
            for act in reversed(acts)
            if wanted.organisation in (None, act.organisation)
            and wanted.author in ("", act.author)
            and wanted.action in ("", act.action, act.action.partition(".")[0])
            and (not wanted.hidden or act.action.partition(".")[0] != wanted.hidden)
            and (wanted.from_ms is None or act.at_ms >= wanted.from_ms)
            and (wanted.to_ms is None or act.at_ms < wanted.to_ms)
        ]
        return found[: wanted.most]
