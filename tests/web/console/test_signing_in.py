"""Signing in as a browser does: passwords, second factors, lock-outs, sessions and their ends."""

import re
from collections.abc import Mapping

import pyotp
import pytest
from aiohttp import ClientResponse

from engine.core.roles import Role
from engine.flows.access import rules, second_factor
from engine.flows.access.rules import TRIES_MOST, WAIT_MS
from engine.flows.access.signing_in import form_token, session_hash
from engine.ports.audit import ActFilter
from engine.ports.users import User
from engine.web.console.pages.sign_in import routes
from engine.web.console.pages.sign_in.routes import TRIES_OF_ADDRESS
from tests.ports.ledger.api.conftest import StoppedClock
from tests.web.console.house import PASSWORD, House

SIGN_IN = "/console/sign-in"
CODE = f"{SIGN_IN}/code"


async def sign_in(house: House, name: str, password: str = PASSWORD, **more: str) -> ClientResponse:
    return await house.ask("POST", SIGN_IN, form={"name": name, "password": password, **more})


def secret_of(answer: ClientResponse) -> str:
    """The session that an answer gives, with all that keeps it safe."""
    cookie = answer.headers.getall("Set-Cookie")[0]
    assert cookie.startswith("__Host-groschen-session=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    return cookie.partition(";")[0].partition("=")[2]


def stop_clock(house: House) -> StoppedClock:
    """Let time stand for those who sign in."""
    clock = StoppedClock()
    house.bench.site.people.clock = clock
    return clock


async def with_factor(house: House, user: User) -> tuple[str, list[str]]:
    """A second factor: its secret, and recovery codes."""
    secret, codes = second_factor.new_secret(), second_factor.new_codes()
    hashes = [second_factor.code_hash(code) for code in codes]
    await house.bench.site.people.users.set_totp(user.user_id, secret, hashes)
    await house.bench.site.signing_in.factors.hide_all()
    return secret, codes


def code_at(secret: str, ms: int) -> Mapping[str, str]:
    return {"code": pyotp.TOTP(secret).at(ms // 1000)}


async def test_a_name_and_its_password_let_in(house: House) -> None:
    user = house.people[Role.OWNER]
    answer = await sign_in(house, f" {user.name.upper()} ", next="/console/users?x=1")
    assert (answer.status, answer.headers["Location"]) == (303, "/console/users?x=1")
    secret = secret_of(answer)
    home = await house.ask("GET", "/console", secret=secret)
    assert user.name in await home.text()
    out = await house.ask("POST", "/console/sign-out", secret=secret)
    assert out.headers["Location"] == SIGN_IN
    assert (await house.ask("GET", "/console", secret=secret)).status == 303


async def test_whoever_is_refused_learns_nothing(house: House) -> None:
    locked = house.people[Role.AGENT]
    await house.bench.site.people.lock(locked)
    texts = set()
    for name, password in (
        ("nobody@nowhere.example", PASSWORD),
        ("not a name", PASSWORD),
        (house.people[Role.OWNER].name, "wrong password"),
        (locked.name, PASSWORD),
    ):
        answer = await sign_in(house, name, password)
        assert (answer.status, "Set-Cookie" in answer.headers) == (422, False)
        texts.add((await answer.text()).replace(name, ""))
    assert len(texts) == 1


async def test_how_long_a_refusal_takes_tells_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def note(_came_s: float, step_s: float) -> None:
        waited.append(step_s)

    monkeypatch.setattr(routes, "full_step", note)
    await sign_in(house, "nobody@nowhere.example")
    await sign_in(house, house.people[Role.OWNER].name, "wrong password")
    await sign_in(house, house.people[Role.OWNER].name)
    assert waited == [routes.ANSWER_STEP_S] * 2


async def test_after_eight_wrong_tries_the_right_one_waits(house: House) -> None:
    clock, user = stop_clock(house), house.people[Role.MANAGER]
    for _ in range(TRIES_MOST):
        assert (await sign_in(house, user.name, "wrong password")).status == 422
    assert (await sign_in(house, user.name)).status == 422
    clock.wall_ms += WAIT_MS
    assert (await sign_in(house, user.name)).status == 303


def known_of(answer: ClientResponse) -> str:
    """What a browser is known by after an answer, as it sends it back."""
    cookie = answer.headers.getall("Set-Cookie")[1]
    assert cookie.startswith("__Host-groschen-known=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"} <= set(cookie.split("; "))
    return cookie.partition(";")[0]


async def test_whoever_tries_a_name_keeps_no_other_network_from_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, address = house.people[Role.MANAGER], ["203.0.113.9"]
    monkeypatch.setattr(house.bench.site.guard, "address", lambda _request: address[0])
    for last in range(TRIES_MOST):
        address[0] = f"203.0.113.{last}"
        assert (await sign_in(house, user.name, "wrong password")).status == 422
    assert (await sign_in(house, user.name)).status == 422
    address[0] = "203.0.114.1"
    assert (await sign_in(house, user.name)).status == 303


def test_a_network_is_what_one_household_has() -> None:
    for address, network in (
        ("203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("unknown", "elsewhere"),
    ):
        assert rules.network_of(address) == network


async def test_a_browser_that_signed_in_before_is_never_locked_out_by_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, user, address = stop_clock(house), house.people[Role.MANAGER], [""]
    monkeypatch.setattr(house.bench.site.guard, "address", lambda _request: address[0])
    known = known_of(await sign_in(house, user.name))

    async def from_browser(cookie: str, password: str = PASSWORD) -> int:
        headers = {"Accept": "text/html", "Cookie": cookie}
        form = {"name": user.name, "password": password}
        return (await house.ask("POST", SIGN_IN, form=form, headers=headers)).status

    for number in range(rules.STRANGERS_TRIES_MOST):
        address[0] = f"2001:db8:{number}::/64"
        await sign_in(house, user.name, "wrong password")
    address[0] = "198.51.100.1"
    others = known_of(await sign_in(house, house.people[Role.OWNER].name))
    assert (await sign_in(house, user.name)).status == 422
    assert await from_browser(known) == 303
    assert await from_browser(others) == 422
    for _ in range(TRIES_MOST):
        assert await from_browser(known, "wrong password") == 422
    assert await from_browser(known) == 422
    clock.wall_ms += rules.WAIT_MS
    assert await from_browser(known) == 303
    assert (await sign_in(house, user.name)).status == 422
    clock.wall_ms += rules.BROWSER_MS
    assert (await sign_in(house, user.name)).status == 303


async def test_where_somebody_wanted_to_go_outlives_both_steps(house: House) -> None:
    clock, user = stop_clock(house), house.people[Role.OWNER]
    secret, _ = await with_factor(house, user)
    wanted = "/console/users?after=a%26b&x=1"
    first = await house.ask("GET", wanted)
    page = await (await house.ask("GET", first.headers["Location"])).text()
    assert f'value="{wanted.replace("&", "&amp;")}"' in page
    half = await sign_in(house, user.name, next=wanted)
    step = await (await house.ask("GET", half.headers["Location"], secret=secret_of(half))).text()
    assert f'value="{wanted.replace("&", "&amp;")}"' in step
    form = {**code_at(secret, clock.wall_ms), "next": wanted}
    answer = await house.ask("POST", CODE, secret=secret_of(half), form=form)
    assert answer.headers["Location"] == wanted


async def test_a_secret_of_a_second_factor_is_hidden_in_the_books(house: House) -> None:
    clock, user = stop_clock(house), house.people[Role.OWNER]
    secret, codes = await with_factor(house, user)
    other, _ = await with_factor(house, house.people[Role.ADMIN])
    users = house.bench.site.people.users
    kept = await users.user(user.user_id)
    others = await users.user(house.people[Role.ADMIN].user_id)
    assert kept is not None
    assert others is not None
    assert secret not in str(kept)
    assert await users.codes_left(user.user_id) == len(codes)
    await house.bench.site.signing_in.factors.hide_all()
    assert await users.user(user.user_id) == kept
    # What is hidden is not even read again.
    assert await users.by_totp_chars(second_factor.SECRET_CHARS, 1) == []
    # Another's hidden secret is good for nothing, wherever it is put.
    assert others.totp_secret is not None
    await users.set_totp(user.user_id, others.totp_secret, [])
    half = secret_of(await sign_in(house, user.name))
    form = code_at(other, clock.wall_ms)
    assert (await house.ask("POST", CODE, secret=half, form=form)).status == 422


async def test_an_address_has_so_many_tries(house: House) -> None:
    for number in range(TRIES_OF_ADDRESS.most):
        assert (await sign_in(house, f"somebody-{number}")).status == 422
    refused = await sign_in(house, house.people[Role.OWNER].name)
    assert (refused.status, "Retry-After" in refused.headers) == (429, True)


async def test_a_second_factor_is_asked_for_and_its_code_is_good_once(house: House) -> None:
    clock, user = stop_clock(house), house.people[Role.OWNER]
    secret, codes = await with_factor(house, user)
    half = secret_of(await sign_in(house, user.name))
    shut_out = await house.ask("GET", "/console/users", secret=half)
    assert shut_out.headers["Location"] == f"{CODE}?next=%2Fconsole%2Fusers"
    wrong = await house.ask("POST", CODE, secret=half, form={"code": "000000"})
    assert wrong.status == 422
    right = code_at(secret, clock.wall_ms)
    answer = await house.ask("POST", CODE, secret=half, form=right)
    whole = secret_of(answer)
    assert (answer.status, whole != half) == (303, True)
    assert (await house.ask("GET", "/console/users", secret=whole)).status == 200
    assert (await house.ask("GET", "/console/users", secret=half)).status == 303
    again = secret_of(await sign_in(house, user.name))
    assert (await house.ask("POST", CODE, secret=again, form=right)).status == 422
    lost = {"code": codes[0].upper().replace("-", " ")}
    assert (await house.ask("POST", CODE, secret=again, form=lost)).status == 303
    third = secret_of(await sign_in(house, user.name))
    assert (await house.ask("POST", CODE, secret=third, form=lost)).status == 422


async def test_a_session_ends_when_idle_and_at_last(house: House) -> None:
    clock, user = stop_clock(house), house.people[Role.OWNER]
    secret = secret_of(await sign_in(house, user.name))
    for _ in range(rules.LONGEST_MS // rules.IDLE_MS):
        clock.wall_ms += rules.IDLE_MS - 1_000
        assert (await house.ask("GET", "/console", secret=secret)).status == 200
    clock.wall_ms += rules.MINUTE_MS
    assert (await house.ask("GET", "/console", secret=secret)).status == 303
    secret = secret_of(await sign_in(house, user.name))
    clock.wall_ms += rules.IDLE_MS
    assert (await house.ask("GET", "/console", secret=secret)).status == 303


async def test_signing_in_anew_ends_the_session_before(house: House) -> None:
    user = house.people[Role.OWNER]
    before = secret_of(await sign_in(house, user.name))
    form = {"name": user.name, "password": PASSWORD}
    after = secret_of(await house.ask("POST", SIGN_IN, secret=before, form=form))
    assert after != before
    people = house.bench.site.people
    assert [one.session_hash for one in await people.sessions.sessions(user.user_id)] == [
        session_hash(after)
    ]


async def test_a_password_made_by_another_must_be_changed_first(house: House) -> None:
    made = await house.bench.site.people.add("acme", "new@acme.example", Role.OWNER)
    secret = secret_of(await sign_in(house, "new@acme.example", made.password))
    path = "/console/settings/password"
    assert (await house.ask("GET", "/console", secret=secret)).headers["Location"] == path
    other = await house.session(made.user)
    weak = {"old": made.password, "password": "short", "repeated": "short"}
    assert (await house.ask("POST", path, secret=secret, form=weak)).status == 422
    own = {"old": made.password, "password": "a sentence of mine", "repeated": "a sentence of mine"}
    assert (await house.ask("POST", path, secret=secret, form=own)).status == 303
    assert (await house.ask("GET", "/console", secret=secret)).status == 200
    assert (await house.ask("GET", "/console", secret=other)).status == 303
    assert (await sign_in(house, "new@acme.example", made.password)).status == 422


async def test_a_second_factor_is_set_up_and_dropped_with_password_and_code(
    house: House,
) -> None:
    clock, user = stop_clock(house), house.people[Role.AGENT]
    path = "/console/settings/second-factor"
    page = await (await house.ask("GET", path, user)).text()
    found = re.search(r'name="secret" value="(\w+)"', page)
    assert found is not None
    assert "<svg" in page
    form = {"secret": found[1], "password": PASSWORD, **code_at(found[1], clock.wall_ms)}
    for wrong in ({"code": "123"}, {"password": "wrong"}, {"secret": "A"}):
        assert (await house.ask("POST", path, user, {**form, **wrong})).status == 422
    shown = await house.ask("POST", path, user, form)
    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", await shown.text())
    assert (shown.status, len(set(codes))) == (200, second_factor.CODES)
    half = secret_of(await sign_in(house, user.name))
    assert CODE in (await house.ask("GET", "/console", secret=half)).headers["Location"]
    assert (await house.ask("GET", path, user)).headers["Location"] == "/console/settings"
    other = second_factor.new_secret()
    replaced = {"secret": other, "password": PASSWORD, **code_at(other, clock.wall_ms)}
    assert (await house.ask("POST", path, user, replaced)).status == 422
    used, fresh = (code_at(found[1], clock.wall_ms + ms) for ms in (0, 30_000))
    for password, code in ((PASSWORD, {}), (PASSWORD, used), ("no", fresh)):
        form = {"password": password, **code}
        assert (await house.ask("POST", f"{path}/drop", user, form)).status == 422
    clock.wall_ms += 30_000
    form = {"password": PASSWORD, **fresh}
    assert (await house.ask("POST", f"{path}/drop", user, form)).status == 303
    answer = await sign_in(house, user.name)
    assert answer.headers["Location"] == "/console"


async def test_the_log_tells_who_came_in_and_who_did_not(house: House) -> None:
    user = house.people[Role.OWNER]
    await sign_in(house, user.name)
    await sign_in(house, user.name, "wrong password")
    await sign_in(house, "my-secret-typed-as-a-name")
    audit = house.bench.site.audit
    unknown, wrong, right = await audit.lines(ActFilter(organisation=None, most=3))
    assert (right.act.author, right.outcome, right.act.organisation) == (user.name, "done", "acme")
    assert (wrong.act.author, wrong.outcome, wrong.act.organisation) == ("", "refused", "acme")
    assert wrong.detail["user"] == user.name
    assert (unknown.outcome, unknown.act.organisation) == ("refused", None)
    assert "my-secret" not in str(unknown)
    assert PASSWORD not in str(right)


async def test_nobody_is_sent_elsewhere(house: House) -> None:
    user = house.people[Role.OWNER]
    for elsewhere in (
        "https://evil.example/console",
        "//evil.example",
        "/console\\evil",
        "/consoles",
        "/console\r\nX: y",
        "/console?x=\r\nX: y",
        f"/console?{'x' * 1_000}",
    ):
        answer = await sign_in(house, user.name, next=elsewhere)
        assert answer.headers["Location"] == "/console", elsewhere


async def test_a_locked_user_is_out_at_once(house: House) -> None:
    secret = await house.session(house.people[Role.MANAGER])
    assert (await house.ask("GET", "/console", secret=secret)).status == 200
    path = f"/console/users/{house.people[Role.MANAGER].user_id}/lock"
    assert (await house.ask("POST", path, house.people[Role.OWNER])).status == 303
    assert (await house.ask("GET", "/console", secret=secret)).status == 303


async def test_a_form_of_another_session_is_refused(house: House) -> None:
    mine = await house.session(house.people[Role.OWNER])
    form = {"_token": form_token(await house.session(house.people[Role.ADMIN]))}
    for token in (form, {"_token": ""}):
        answer = await house.ask("POST", "/console/sign-out", secret=mine, form=token)
        assert answer.status == 403
    assert (await house.ask("GET", "/console", secret=mine)).status == 200
