"""Pages of numbers and of live calls in German: no word of English, whatever is typed."""

import re
from html import unescape
from types import ModuleType

import pytest

from engine.core.roles import Role
from engine.web.console.route import Whose
from tests.languages import english_in
from tests.web.console.house import House, path_of, routes_by_key
from tests.web.console.subjects import (
    cases,
    diversion,
    holders,
    live_calls,
    numbers,
    sources,
    stock,
    tracked,
)

SUBJECTS = (cases, diversion, holders, live_calls, numbers, sources, stock, tracked)
ROUTES = routes_by_key()
NOT_READ = re.compile(r"<(script|style|code|textarea)\b.*?</\1>", re.DOTALL)
TOLD = re.compile(r'>([^<]+)<|(?:placeholder|aria-label|alt)="([^"]+)"')


def told(html: str) -> list[str]:
    """What a page says in its main part."""
    main = NOT_READ.sub(" ", html.partition("<main")[2])
    return [unescape(text) for pair in TOLD.findall(main) for text in pair if text.strip()]


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.__name__.split(".")[-1])
async def test_every_page_and_every_fault_is_in_german(house: House, subject: ModuleType) -> None:
    customer = await house.session(house.people[Role.OWNER])
    operator = await house.session(house.staff[Role.OWNER])
    pages = 0
    for key, row in subject.ROWS.items():
        route = ROUTES[key]
        secret = operator if route.whose is Whose.OPERATOR or not row.roles else customer
        nonsense = {name: "x€" for name, value in row.form.items() if isinstance(value, str)}
        for form in ({},) if route.is_safe else ({}, nonsense):
            path = path_of(route, house.own)
            answer = await house.ask(route.method, path, form=form, secret=secret)
            assert answer.status < 500, path
            if answer.content_type == "text/html":
                said = told(await answer.text())
                assert [text for text in said if english_in(text)] == [], path
                pages += bool(said)
    assert pages
