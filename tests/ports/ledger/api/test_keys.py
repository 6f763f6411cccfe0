"""API keys in the books: made, told apart, revoked."""

from dataclasses import replace

import pytest

from engine.errors import CallerError, ConflictError
from engine.flows.keys import KeyRing
from engine.ledger.api.sql import SqlKeys
from engine.ports.operators import Scope
from tests.ports.ledger.api.conftest import StoppedClock
from tests.ports.ledger.books import NOW_MS, SqlBooks

BOTH = [Scope.MONEY_WRITE, Scope.ACCOUNTS_READ]


@pytest.fixture
def ring(sql_books: SqlBooks, clock: StoppedClock) -> KeyRing:
    return KeyRing(SqlKeys(sql_books.open()), clock)


async def test_a_key_is_recognised_by_its_text_alone(ring: KeyRing) -> None:
    made = await ring.create("acme", " web shop ", BOTH)
    assert (made.key.name, made.key.organisation) == ("web shop", "acme")
    assert made.key.scopes == (Scope.ACCOUNTS_READ, Scope.MONEY_WRITE)
    assert await ring.recognise(made.text) == made.key
    other = (await ring.create("acme", "another", BOTH)).text
    mixed = made.text[:20] + other[20:]
    for wrong in ("", "gk_", made.text[:-1], made.text + "0", made.text.upper(), mixed):
        assert await ring.recognise(wrong) is None


async def test_of_the_secret_only_a_hash_is_kept(ring: KeyRing) -> None:
    made = await ring.create("acme", "shop", BOTH)
    secret = made.text.rpartition("_")[2]
    assert len(secret) == 64
    (kept,) = await ring.keys("acme")
    assert secret not in repr(kept)
    assert kept == made.key


async def test_a_revoked_key_stays_revoked_since_then(ring: KeyRing, clock: StoppedClock) -> None:
    made = await ring.create("acme", "shop", BOTH)
    clock.wall_ms += 5
    assert (await ring.revoke(made.key.key_id)).revoked_ms == NOW_MS + 5
    clock.wall_ms += 5
    assert (await ring.revoke(made.key.key_id)).revoked_ms == NOW_MS + 5
    assert await ring.recognise(made.text) is None
    with pytest.raises(CallerError) as refusal:
        await ring.revoke("0" * 16)
    assert refusal.value.field == "key_id"


async def test_keys_are_listed_oldest_first(ring: KeyRing, clock: StoppedClock) -> None:
    made = []
    for organisation in ("acme", "bolt", "acme"):
        made.append((await ring.create(organisation, "k", BOTH)).key)
        clock.wall_ms += 1
    assert list(await ring.keys(None)) == made
    assert list(await ring.keys("acme")) == [made[0], made[2]]
    assert list(await ring.keys("none")) == []


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
async def test_a_name_must_say_something(ring: KeyRing, name: str) -> None:
    with pytest.raises(CallerError) as refusal:
        await ring.create("acme", name, BOTH)
    assert refusal.value.field == "name"


async def test_a_key_without_scopes_is_none(ring: KeyRing) -> None:
    with pytest.raises(CallerError) as refusal:
        await ring.create("acme", "shop", [])
    assert refusal.value.field == "scopes"


async def test_an_id_is_used_once(ring: KeyRing, sql_books: SqlBooks) -> None:
    keys = SqlKeys(sql_books.open())
    key = (await ring.create("acme", "shop", BOTH)).key
    await keys.add(key)
    with pytest.raises(ConflictError):
        await keys.add(replace(key, name="other"))
    assert list(await keys.keys(None)) == [key]
