"""Who uses up whose tries at a name."""

import pytest

from engine.core.roles import Role
from engine.flows.access import rules
from engine.flows.access.brakes import Brakes, Visitor
from engine.flows.access.people import People
from engine.flows.payments.seals import Seal
from engine.ports.users import User
from tests.fakes.users import MemorySessions, MemoryUsers
from tests.ports.ledger.api.conftest import StoppedClock

USER = User(
    user_id="u1",
    organisation="acme",
    name="owner@acme.example",
    role=Role.OWNER,
    password_hash="hash",
    must_change=False,
    created_ms=0,
)


@pytest.fixture
async def brakes() -> Brakes:
    """One user, at whose name nobody has tried yet."""
    users = MemoryUsers()
    await users.add(USER)
    return Brakes(People(users, MemorySessions(users), StoppedClock()), Seal(b"s" * 32))


async def test_one_network_alone_keeps_no_other_from_a_name(brakes: Brakes) -> None:
    attacker = Visitor("203.0.113.9", "")
    tries = [await brakes.may_try(USER, attacker) for _ in range(rules.STRANGERS_TRIES_MOST + 1)]
    assert sum(tries) == rules.TRIES_MOST
    assert await brakes.may_try(USER, Visitor("198.51.100.1", ""))
