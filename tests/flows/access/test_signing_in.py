"""Whose sessions stay."""

from dataclasses import replace

from engine.flows.access import rules
from engine.flows.access.brakes import Visitor
from engine.flows.access.people import People
from engine.flows.access.signing_in import SESSIONS_MOST, UNPROVED_MOST, SigningIn
from engine.flows.payments.seals import Seal
from tests.fakes.users import MemorySessions, MemoryUsers
from tests.flows.access.test_brakes import USER
from tests.ports.ledger.api.conftest import StoppedClock

PASSWORD = "a sentence of mine"


class PlainPasswords:
    """Passwords as they were typed: hashing costs what this test does not need."""

    async def fits(self, held: str | None, password: str) -> bool:
        return held == password


async def test_whoever_has_the_password_alone_throws_nobody_out() -> None:
    """Neither of sessions that began with the second factor, nor out of one that waits for it."""
    users, clock = MemoryUsers(), StoppedClock()
    sessions = MemorySessions(users)
    await users.add(replace(USER, password_hash=PASSWORD))
    people = People(users, sessions, clock)
    people.passwords = PlainPasswords()  # type: ignore[assignment]  # all that is asked of it
    signing_in = SigningIn(people, Seal(b"s" * 32))

    async def begin(address: str) -> str | None:
        clock.wall_ms += 1
        begun = await signing_in.by_password(USER.name, PASSWORD, Visitor(address, ""))
        return begun and begun.session.session_hash

    whole = await begin("192.0.2.1")
    await users.set_totp(USER.user_id, "hidden", ())
    waiting = await begin("192.0.2.1")
    begun = [await begin("203.0.113.9") for _ in range(SESSIONS_MOST + 1)]
    assert sum(one is not None for one in begun) == rules.TRIES_MOST
    stand = {one.session_hash for one in await sessions.sessions(USER.user_id)}
    assert {whole, waiting} <= stand
    assert None not in [await begin(f"198.51.{network}.1") for network in range(SESSIONS_MOST)]
    of_his = await sessions.sessions(USER.user_id)
    assert [one.session_hash for one in of_his if one.proved] == [whole]
    assert sum(not one.proved for one in of_his) == UNPROVED_MOST
