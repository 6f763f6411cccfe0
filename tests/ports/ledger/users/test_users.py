"""`ports.users`: people, their tries and second factors, their sessions."""

import asyncio
from dataclasses import replace

import pytest

from engine.core.roles import Role
from engine.errors import ConflictError
from engine.ports.users import Session, User, UserFilter
from tests.ports.ledger.books import NOW_MS
from tests.ports.ledger.users.conftest import Desk

ADA = User(
    user_id="u1",
    organisation="acme",
    name="ada@acme.example",
    role=Role.OWNER,
    password_hash="hash",
    must_change=False,
    created_ms=NOW_MS,
)
BOB = replace(ADA, user_id="u2", name="bob@acme.example", role=Role.AGENT)
EVE = replace(ADA, user_id="u3", name="eve@bolt.example", organisation="bolt")
OPS = replace(ADA, user_id="u4", name="ops", organisation=None)


def session(name: str, user: User = ADA, begun_ms: int = NOW_MS) -> Session:
    return Session(
        session_hash=name,
        user_id=user.user_id,
        proved=True,
        begun_ms=begun_ms,
        seen_ms=begun_ms,
        ends_ms=begun_ms + 1_000,
        address="203.0.113.9",
        browser="Firefox",
    )


async def settled(desk: Desk) -> None:
    for user in (ADA, BOB, EVE, OPS):
        await desk.users.add(user)


async def test_a_user_is_found_as_he_was_added(desk: Desk) -> None:
    await settled(desk)
    await desk.users.add(ADA)
    assert await desk.users.user("u1") == ADA
    assert await desk.users.by_name("ops") == OPS
    assert await desk.users.by_name("OPS") is None
    assert await desk.users.user("u9") is None
    with pytest.raises(ConflictError):
        await desk.users.add(replace(EVE, user_id="u9", name=ADA.name))


async def test_users_are_listed_by_name_within_an_organisation(desk: Desk) -> None:
    await settled(desk)
    every = UserFilter(organisation=None)
    assert await desk.users.users(every) == [ADA, BOB, EVE, OPS]
    assert await desk.users.users(replace(every, organisation="acme")) == [ADA, BOB]
    assert await desk.users.users(replace(every, after=ADA.name, most=1)) == [BOB]
    assert await desk.users.users(replace(every, organisation="nobody")) == []


async def test_what_changes_is_kept(desk: Desk) -> None:
    await settled(desk)
    await desk.users.set_password("u2", "other", must_change=True)
    await desk.users.set_role("u2", Role.MANAGER)
    await desk.users.set_locked("u2", NOW_MS)
    await desk.users.set_look("u2", "en", "dark")
    await desk.users.set_totp("u2", "SECRET", ["a", "b"])
    assert await desk.users.user("u2") == replace(
        BOB,
        password_hash="other",
        must_change=True,
        role=Role.MANAGER,
        locked_ms=NOW_MS,
        lang="en",
        theme="dark",
        totp_secret="SECRET",
    )
    assert await desk.users.user("u1") == ADA
    await desk.users.set_locked("u9", NOW_MS)


async def test_an_owner_who_is_not_locked_is_left(desk: Desk) -> None:
    await settled(desk)
    for change in (desk.users.set_role("u1", Role.ADMIN), desk.users.set_locked("u1", NOW_MS)):
        with pytest.raises(ConflictError):
            await change
    assert await desk.users.user("u1") == ADA
    await desk.users.set_role("u2", Role.OWNER)
    both = (desk.users.set_locked("u1", NOW_MS), desk.users.set_locked("u2", NOW_MS))
    ended = await asyncio.gather(*both, return_exceptions=True)
    assert [type(one) for one in ended if one is not None] == [ConflictError]
    with pytest.raises(ConflictError):
        await desk.users.set_locked("u4", NOW_MS)


async def test_tries_run_out_and_come_again(desk: Desk) -> None:
    await settled(desk)

    async def try_at(ms: int, source: str = "here") -> bool:
        return await desk.users.count_try("u1", source, 3, NOW_MS + ms, NOW_MS + ms + 100)

    async def has_try(ms: int) -> bool:
        return await desk.users.has_try("u1", "here", 3, NOW_MS + ms)

    assert await has_try(0)
    assert [await try_at(ms) for ms in (0, 1, 2, 3, 99)] == [True, True, True, False, False]
    assert [await has_try(ms) for ms in (0, 99, 100)] == [False, False, True]
    assert await try_at(99, "there")
    assert await try_at(100)
    await desk.users.forget_tries("u1", "here")
    assert [await try_at(103) for _ in range(4)] == [True, True, True, False]
    await desk.users.forget_tries("u1", "there")
    assert not await try_at(104)
    await desk.users.set_locked("u1", None)
    assert [await try_at(104) for _ in range(4)] == [True, True, True, False]
    await desk.users.set_password("u1", "hash", must_change=False)
    assert await try_at(105)
    assert not await desk.users.count_try("u9", "here", 3, NOW_MS, NOW_MS + 1)


async def test_a_secret_is_kept_in_another_form_if_it_is_still_that_one(desk: Desk) -> None:
    await settled(desk)
    await desk.users.set_totp("u1", "SECRET", ["a"])
    await desk.users.replace_totp("u1", "ANOTHER", "wrong")
    await desk.users.replace_totp("u1", "SECRET", "hidden")
    await desk.users.replace_totp("u9", "SECRET", "hidden")
    found = await desk.users.user("u1")
    assert found is not None
    assert (found.totp_secret, await desk.users.codes_left("u1")) == ("hidden", 1)


async def test_users_are_found_by_how_long_their_factors_secret_is(desk: Desk) -> None:
    await settled(desk)
    for user, secret in ((EVE, "SECRET"), (ADA, "HIDDEN"), (BOB, "long, for it is hidden")):
        await desk.users.set_totp(user.user_id, secret, ())
    found = await desk.users.by_totp_chars(6, 9)
    assert [(user.name, user.totp_secret) for user in found] == [
        (ADA.name, "HIDDEN"),
        (EVE.name, "SECRET"),
    ]
    assert [user.name for user in await desk.users.by_totp_chars(6, 1)] == [ADA.name]
    await desk.users.set_totp("u1", None, ())
    assert [user.name for user in await desk.users.by_totp_chars(6, 9)] == [EVE.name]


async def test_many_tries_at_once_are_no_more_than_there_are(desk: Desk) -> None:
    await settled(desk)
    tries = (desk.users.count_try("u1", "here", 3, NOW_MS, NOW_MS + 100) for _ in range(8))
    assert sum(await asyncio.gather(*tries)) == 3


async def test_a_step_and_a_code_are_good_once(desk: Desk) -> None:
    await settled(desk)
    await desk.users.set_totp("u1", "SECRET", ["a", "b"])
    assert [await desk.users.use_step("u1", step) for step in (7, 7, 6, 8)] == [
        True,
        False,
        False,
        True,
    ]
    assert [await desk.users.use_code("u1", code) for code in ("a", "a", "c")] == [
        True,
        False,
        False,
    ]
    assert not await desk.users.use_code("u2", "b")
    assert (await desk.users.codes_left("u1"), await desk.users.codes_left("u2")) == (1, 0)
    await desk.users.set_totp("u1", None, ())
    assert await desk.users.codes_left("u1") == 0


async def test_a_session_lives_until_it_is_ended(desk: Desk) -> None:
    await settled(desk)
    await desk.sessions.begin(session("s1"), ADA, 9)
    await desk.sessions.begin(session("s2", BOB), BOB, 9)
    assert await desk.sessions.session("s1") == (session("s1"), ADA)
    await desk.sessions.seen("s1", NOW_MS + 5)
    await desk.sessions.look_at("s1", "acme")
    changed = replace(session("s1"), seen_ms=NOW_MS + 5, organisation="acme")
    assert await desk.sessions.sessions("u1") == [changed]
    await desk.sessions.end("s1")
    assert await desk.sessions.session("s1") is None
    assert await desk.sessions.session("s2") is not None


async def test_of_a_users_sessions_the_newest_stay(desk: Desk) -> None:
    await settled(desk)
    for number in range(4):
        await desk.sessions.begin(session(f"s{number}", begun_ms=NOW_MS + number), ADA, 2)
    names = [one.session_hash for one in await desk.sessions.sessions("u1")]
    assert names == ["s3", "s2"]
    await desk.sessions.begin(session("b", BOB, NOW_MS + 1_003), BOB, 2)
    assert await desk.sessions.sessions("u1") == []


async def test_sessions_that_wait_for_a_second_factor_are_counted_apart(desk: Desk) -> None:
    await settled(desk)
    await desk.sessions.begin(session("whole"), ADA, 2)
    for number in range(4):
        half = replace(session(f"half{number}", begun_ms=NOW_MS + number + 1), proved=False)
        await desk.sessions.begin(half, ADA, 2)
    names = [one.session_hash for one in await desk.sessions.sessions("u1")]
    assert names == ["half3", "half2", "whole"]
    for number in range(3):
        await desk.sessions.begin(session(f"w{number}", begun_ms=NOW_MS + number + 9), ADA, 2)
    names = [one.session_hash for one in await desk.sessions.sessions("u1")]
    assert names == ["w2", "w1", "half3", "half2"]


async def test_no_session_begins_on_a_password_or_a_lock_of_before(desk: Desk) -> None:
    """Between the look at a password and the session somebody may have changed it."""
    await settled(desk)
    await desk.users.set_password("u1", "another", must_change=False)
    assert not await desk.sessions.begin(session("s1"), ADA, 9)
    await desk.users.set_locked("u2", NOW_MS)
    assert not await desk.sessions.begin(session("s2", BOB), BOB, 9)
    assert await desk.sessions.sessions("u1") == await desk.sessions.sessions("u2") == []


async def test_all_sessions_end_but_one(desk: Desk) -> None:
    await settled(desk)
    for name, user in (("s1", ADA), ("s2", ADA), ("s3", BOB)):
        await desk.sessions.begin(session(name, user), user, 9)
    await desk.sessions.end_all("u1", "s2")
    assert [one.session_hash for one in await desk.sessions.sessions("u1")] == ["s2"]
    await desk.sessions.end_all("u1")
    assert await desk.sessions.sessions("u1") == []
    assert await desk.sessions.session("s3") is not None
