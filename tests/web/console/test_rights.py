"""Every route by every role, on records of one's own and of another organisation, from one table.

A route without a row fails. Whatever changes something, or gives a file away, is found in the audit
log, refused or not.
"""

from collections.abc import Mapping

import pytest
from aiohttp import ClientResponse

from engine.core.roles import RIGHTS, Right, Role, may, may_appoint
from engine.ports.audit import ActFilter
from engine.ports.users import User
from engine.web.console import live
from engine.web.console.route import Route, Whose
from tests.web.console.house import OPEN, House, Row, path_of, routes_by_key, rows

TABLE = rows()
ROUTES = routes_by_key()
NOT_OF_STAFF = ("/console/live/desk", "/console/prompts/{lang}/{prompt}/audio.wav")
"""None of the operator's staff has a phone of his own, and the others' prompt was never spoken."""
GUARDED = [(ROUTES[key], row) for key, row in TABLE.items() if row.roles != OPEN]


async def _newest(house: House) -> tuple[str, str]:
    (line,) = await house.bench.site.audit.lines(ActFilter(organisation=None, most=1))
    return line.act.action, line.outcome


@pytest.fixture(autouse=True)
def streams_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse no stream for those that were opened before."""
    monkeypatch.setattr(live, "STREAMS_MOST", 10_000)
    monkeypatch.setattr(live, "STREAMS_OF_USER_MOST", 10_000)


async def _asked(
    house: House, route: Route, ids: Mapping[str, str], user: User, row: Row
) -> ClientResponse:
    """What a route answers: a file whole, of what streams the head alone."""
    answer = await house.ask(route.method, path_of(route, ids), user, row.form)
    if answer.content_type == "text/event-stream":
        answer.close()
    else:
        await answer.read()
    return answer


async def _walk(house: House, role: Role, route: Route, row: Row) -> None:
    user = house.people[role]
    own = await _asked(house, route, house.own, user, row)
    if row.allows(role):
        assert own.status not in (403, 404, 429), route
        assert own.status < 500, (route, await own.text())
    else:
        assert own.status == 403, route
    if route.is_noted:
        assert (await _newest(house))[0] == route.action
    else:
        assert "Content-Disposition" not in own.headers, "a file of which no audit log knows"
    if route.finds is None:
        return
    foreign = await _asked(house, route, house.foreign, user, row)
    assert foreign.status == (404 if row.allows(role) else 403), route
    if route.is_noted:
        assert await _newest(house) == (route.action, "refused")


def test_every_route_has_its_row() -> None:
    assert set(TABLE) == set(ROUTES)
    for key, route in ROUTES.items():
        assert (TABLE[key].roles == OPEN) == (route.right is None), key


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_what_the_table_says(house: House, role: Role) -> None:
    for route, row in GUARDED:
        await _walk(house, role, route, row)


async def test_the_operators_staff_reach_all_organisations(house: House) -> None:
    owner = house.staff[Role.OWNER]
    for route, row in GUARDED:
        if route.path in NOT_OF_STAFF:
            continue
        for ids in (house.own, house.foreign):
            answer = await _asked(house, route, ids, owner, row)
            assert answer.status not in (403, 404), route
    agent = house.staff[Role.AGENT]
    for route, row in GUARDED:
        if route.whose is not Whose.OPERATOR and not row.allows(Role.AGENT):
            answer = await house.ask(route.method, path_of(route, house.own), agent, row.form)
            assert answer.status == 403, route


@pytest.mark.parametrize("role", Role)
async def test_staff_of_each_role_reach_what_the_table_says(house: House, role: Role) -> None:
    narrower = [(route, row) for route, row in GUARDED if row.staff is not None]
    assert narrower, "no row says who of the staff reaches its records"
    for route, row in narrower:
        expected = 404 if row.allows(role) else 403
        for ids in (house.own, house.foreign):
            answer = await _asked(house, route, ids, house.staff[role], row)
            if row.reaches_all(role):
                assert answer.status < 400, route
                continue
            assert answer.status == expected, route
            if route.is_noted:
                assert await _newest(house) == (route.action, "refused")


async def test_staff_who_may_only_read_customers_act_on_no_caller(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        RIGHTS,  # type: ignore[arg-type]  # a dict, which nobody else changes
        Role.AUDITOR,
        RIGHTS[Role.AUDITOR] | {Right.DESK},
    )
    for route, row in GUARDED:
        if row.staff is not None:
            answer = await _asked(house, route, house.own, house.staff[Role.AUDITOR], row)
            assert answer.status == (200 if route.is_safe else 404), route


async def test_nobody_gets_in_without_signing_in(house: House) -> None:
    for route, row in GUARDED:
        path = path_of(route, house.own)
        person = await house.ask(route.method, path, form=row.form)
        assert person.status == 303
        assert person.headers["Location"].startswith("/console/sign-in?next=")
        program = await house.ask(route.method, path, form=row.form, headers={"Accept": "*/*"})
        assert program.status == 401
        half = await house.session(house.people[Role.OWNER], proved=False)
        unproved = await house.ask(route.method, path, form=row.form, secret=half)
        assert unproved.headers["Location"].startswith("/console/sign-in/code?next=")


async def test_lists_hold_the_organisations_own_alone(house: House) -> None:
    for path in ("/console/users", "/console/keys", "/console/audit"):
        answer = await house.ask("GET", path, house.people[Role.AUDITOR])
        text = await answer.text()
        assert "Bolt" not in text
        assert "bolt.example" not in text
        seen = await (await house.ask("GET", path, house.staff[Role.AUDITOR])).text()
        assert "bolt" in seen.lower()


async def test_an_admin_makes_and_touches_no_owner(house: House) -> None:
    admin = house.people[Role.ADMIN]
    form = {"name": "second@acme.example", "role": "owner"}
    assert (await house.ask("POST", "/console/users/new", admin, form)).status == 403
    owner = f"/console/users/{house.people[Role.OWNER].user_id}"
    for act in ("lock", "password", "sessions/end", "second-factor/drop", "unlock"):
        assert (await house.ask("POST", f"{owner}/{act}", admin)).status == 403
    up = f"/console/users/{house.own['user_id']}/role"
    assert (await house.ask("POST", up, admin, {"role": "owner"})).status == 403
    assert await house.bench.site.people.users.by_name("second@acme.example") is None


def test_rights_are_as_promised() -> None:
    assert RIGHTS[Role.OWNER] == frozenset(Right)
    owners_alone = {Right.OWNERS_WRITE, Right.STAFF_WRITE, Right.CASES_READ, Right.CASES_WRITE}
    assert frozenset(Right) - RIGHTS[Role.ADMIN] == owners_alone
    assert not any("write" in right for right in RIGHTS[Role.AUDITOR])
    assert not may(Role.AUDITOR, Right.PICTURES_READ)
    assert [role for role in Role if may(role, Right.NUMBER_REVEAL)] == [
        "owner",
        "admin",
        "manager",
    ]
    assert not may_appoint(Role.ADMIN, Role.AGENT, Role.OWNER)
    assert all(may(role, Right.OWN) for role in Role)


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/console/x/{id}", ""),
        ("GET", "/console/x", "x.look"),
        ("POST", "/console/x", ""),
        ("POST", "/console/x", "x"),
    ],
)
def test_a_route_with_a_hole_in_it_is_refused(method: str, path: str, action: str) -> None:
    async def handler(_asked: object) -> None: ...

    with pytest.raises(ValueError, match=r"record|action"):
        Route(method, path, Right.OWN, handler, action=action)  # type: ignore[arg-type]  # none runs
