"""What the gate refuses, how it tells, and what every answer carries."""

import shutil
from pathlib import Path

import pytest

from engine.core.roles import Role
from engine.errors import RemoteError
from engine.ports.audit import Act, ActFilter, Detail
from tests.web.console.house import HTML, PASSWORD, House, open_house

OUT = "/console/sign-out"


async def post(house: House, headers: dict[str, str], path: str = OUT, **form: str) -> int:
    """The status of a form with these headers and no others."""
    secret = await house.session(house.people[Role.OWNER])
    answer = await house.client.post(
        path,
        data={"_token": await house.token(secret), **form},
        headers={"Cookie": f"__Host-groschen-session={secret}", **HTML, **headers},
        allow_redirects=False,
    )
    return answer.status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://console.example"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://console.example"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_a_form_comes_from_a_page_of_ours(
    house: House, headers: dict[str, str], status: int
) -> None:
    assert await post(house, headers) == status


async def test_a_body_that_is_no_form_is_refused(house: House) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"}
    answer = await house.client.post("/console/sign-in", data="x", headers={**HTML, **headers})
    assert answer.status == 415


async def test_pages_carry_what_keeps_them_safe(house: House) -> None:
    answer = await house.ask("GET", "/console/users", house.people[Role.OWNER])
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    text = await answer.text()
    assert "<script type=" in text
    assert " style=" not in text
    assert "onclick" not in text


async def test_refusals_are_pages_for_people_and_problems_for_programs(house: House) -> None:
    agent = house.people[Role.AGENT]
    person = await house.ask("GET", "/console/users", agent)
    assert (person.status, person.content_type) == (403, "text/html")
    assert "Content-Security-Policy" in person.headers
    program = await house.ask("GET", "/console/users", agent, headers={"Accept": "*/*"})
    assert (program.status, program.content_type) == (403, "application/problem+json")
    nowhere = await house.ask("GET", "/console/no/such/page", agent)
    assert (nowhere.status, nowhere.content_type) == (404, "text/html")


async def test_a_fault_of_ours_is_told_by_its_number_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_wanted: object) -> None:
        raise ZeroDivisionError("what nobody shall see")

    monkeypatch.setattr(house.bench.site.audit, "lines", broken)
    answer = await house.ask("GET", "/console/audit", house.people[Role.OWNER])
    text = await answer.text()
    assert answer.status == 500
    assert "nobody shall see" not in text
    assert answer.headers["X-Request-Id"] in text


async def test_a_dangerous_act_is_asked_about_first(house: House) -> None:
    owner = house.people[Role.OWNER]
    path = f"/console/users/{house.own['user_id']}/lock"
    headers = {"Sec-Fetch-Site": "same-origin"}
    before = await house.bench.site.audit.lines(ActFilter(organisation=None))
    assert await post(house, headers, path) == 200
    user = await house.bench.site.people.users.user(house.own["user_id"])
    assert user is not None
    assert user.locked_ms is None
    assert await house.bench.site.audit.lines(ActFilter(organisation=None)) == before
    assert (await house.ask("POST", path, owner)).status == 303


async def test_without_the_log_nothing_is_changed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = house.bench.site.audit

    async def down(_act: Act) -> None:
        raise RemoteError("the database does not answer")

    monkeypatch.setattr(audit, "begin", down)
    path = f"/console/users/{house.own['user_id']}/lock"
    assert (await house.ask("POST", path, house.people[Role.OWNER])).status == 503
    user = await house.bench.site.people.users.user(house.own["user_id"])
    assert user is not None
    assert user.locked_ms is None


async def test_a_file_that_is_taken_away_is_written_down_by_what_is_in_it(house: House) -> None:
    manager = house.people[Role.MANAGER]
    for path, action, days in (
        ("/console/evn/export.csv", "evn.export", ("2026-01-01", "2099-12-31")),
        ("/console/forwarding/calls.csv", "diversion.export", ("2026-01-01", "2099-12-31")),
        ("/console/statistics/export.csv", "statistics.export", ("2026-11-01", "2026-11-20")),
    ):
        first, last = days
        asked = f"{path}?from={first}&to={last}&number=%2B493023125001"
        answer = await house.ask("GET", asked, manager)
        text = await answer.text()
        assert answer.status == 200
        (line,) = await house.bench.site.audit.lines(ActFilter(organisation="acme", most=1))
        assert (line.act.action, line.act.author, line.outcome) == (action, manager.name, "done")
        rows = len(text.splitlines()) - 1
        assert line.detail == {"from": first, "to": last, "rows": rows}
    drawn = await house.ask("GET", "/console/evn/export.pdf", manager)
    assert drawn.content_type == "application/pdf"
    (line,) = await house.bench.site.audit.lines(ActFilter(organisation="acme", most=1))
    assert set(line.detail) == {"rows"}


async def test_without_the_log_no_file_is_given(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_act: Act) -> None:
        raise RemoteError("the database does not answer")

    monkeypatch.setattr(house.bench.site.audit, "begin", down)
    answer = await house.ask("GET", "/console/evn/export.csv", house.people[Role.MANAGER])
    assert answer.status == 503


async def test_an_act_that_was_interrupted_is_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = house.bench.site.audit

    async def gone(_act_id: str, _outcome: str, _detail: Detail) -> None:
        raise RemoteError("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "end", gone)
        path = f"/console/users/{house.own['user_id']}/lock"
        assert (await house.ask("POST", path, house.people[Role.OWNER])).status == 503
    (line,) = await audit.lines(ActFilter(organisation="acme", most=1))
    assert (line.act.action, line.outcome) == ("users.lock", "")


async def test_the_last_owner_stays(house: House) -> None:
    staff = house.staff[Role.OWNER]
    path = f"/console/users/{house.people[Role.OWNER].user_id}/role"
    answer = await house.ask("POST", path, staff, {"role": "agent"})
    assert answer.status == 422
    assert 'role="alert"' in await answer.text()


async def test_the_staff_choose_whose_records_they_look_at(house: House) -> None:
    secret = await house.session(house.staff[Role.OWNER])
    new_key = await (await house.ask("GET", "/console/keys/new", secret=secret)).text()
    assert 'name="scope-' not in new_key
    form = {"organisation": "bolt", "next": "/console/keys"}
    chosen = await house.ask("POST", "/console/organisation", secret=secret, form=form)
    assert chosen.headers["Location"] == "/console/keys"
    keys = await (await house.ask("GET", "/console/keys", secret=secret)).text()
    assert "Bolt-Lager" in keys
    assert "Webshop" not in keys
    wrong = await house.ask(
        "POST", "/console/organisation", secret=secret, form={"organisation": "nobody"}
    )
    assert wrong.status == 422


async def test_a_form_made_for_one_organisation_does_nothing_in_another(house: House) -> None:
    """Another tab has switched meanwhile: a user would have become one of the operator's."""
    secret = await house.session(house.staff[Role.OWNER])
    form = {"organisation": "bolt", "next": "/console"}
    await house.ask("POST", "/console/organisation", secret=secret, form=form)
    made = {"_token": await house.token(secret), "name": "eve", "role": "admin"}
    form["organisation"] = ""
    await house.ask("POST", "/console/organisation", secret=secret, form=form)
    answer = await house.ask("POST", "/console/users/new", secret=secret, form=made)
    assert answer.status == 409
    assert await house.bench.site.people.users.by_name("eve") is None


async def test_what_was_done_is_told_once_and_is_no_markup(house: House) -> None:
    secret = await house.session(house.people[Role.OWNER])
    path = f"/console/users/{house.own['user_id']}"
    done = await house.ask("POST", f"{path}/unlock", secret=secret)
    told = done.headers["Set-Cookie"].partition(";")[0]
    headers = {**HTML, "Cookie": f"__Host-groschen-session={secret}; {told}"}
    page = await house.client.get(path, headers=headers)
    assert "darf sich anmelden" in await page.text()
    assert 'groschen-told="";' in page.headers["Set-Cookie"]
    forged = "=users.role_set&name=%3Cb%3Ex"
    headers["Cookie"] = f'__Host-groschen-session={secret}; groschen-told="{forged}"'
    page = await house.client.get(path, headers=headers)
    assert "&lt;b&gt;x" in await page.text()
    headers["Cookie"] = f'__Host-groschen-session={secret}; groschen-told="=no.such&x=y"'
    assert (await house.client.get(path, headers=headers)).status == 200


async def test_plain_http_is_for_this_machine_by_its_own_name(
    empty_books: Path, tmp_path: Path
) -> None:
    file = shutil.copy(empty_books, tmp_path / "plain.db")
    async with open_house(file, origin="http://localhost:8080") as house:
        user = await house.add(None, "ada", Role.OWNER)
        form = {"name": user.name, "password": PASSWORD}
        here = await house.ask("POST", "/console/sign-in", form=form)
        cookie = here.headers["Set-Cookie"]
        assert cookie.startswith("groschen-session=")
        assert "Secure" not in cookie
        foreign = await house.client.get(
            "/console/sign-in", headers={"Host": "evil.example", **HTML}
        )
        assert foreign.status == 426
