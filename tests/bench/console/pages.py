"""The console's pages over large books: what a browser waits for, from request to last byte.

Every page of the route table is asked for, over the real application; those that look things up
also at their worst. The floor is a page that looks up nothing but who asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from engine.app import freeze_heap
from engine.core.call import Now
from engine.core.roles import Role
from engine.flows.clock import SystemClock
from engine.web.console import ROUTES
from engine.web.console.route import Whose
from tests.bench.console.asked import Asked, Machine
from tests.bench.console.books import CALL, CALLER_LIST, END_MS, YEAR_MS, inventory
from tests.web.console.house import House, furnish, open_house, path_of, revive, settle
from tests.web.site import ORGANISATION, PROFILE

Tell = Callable[[int, int], None]

OK = 200
NOT_YET = (303, 404, 409)
"""Answers of pages whose subject is not there."""

EVENING_MS = END_MS - 4 * 3_600_000
"""When the pages are asked: the last day in the books is nearly over."""

FLOOR = "/console/settings/password (floor)"

RECORDS = {
    "account_id": "a00000",
    "call_id": CALL,
    "case_id": CALL,
    "service": "s3",
    "profile": PROFILE,
    "lang": "de",
    "prompt": "welcome",
}
"""The records of the large books that paths name; `a00000` is the busiest customer."""

_DEEP_MS = END_MS - YEAR_MS + YEAR_MS // 20

WORST = (
    "/console/customers?order=balance&after=a10000",
    "/console/customers?order=id&after=a10000",
    "/console/customers?number=%2B4930100007",
    "/console/transactions?kind=top_up",
    f"/console/transactions?before={_DEEP_MS}.0.0",
    "/console/transactions?author=nobody",
    "/console/transactions?least=0.01&most=0.02",
    "/console/transactions?number=%2B4930100000&least=0.01&most=0.02",
    "/console/payments?status=failed",
    f"/console/evn?before={_DEEP_MS}.d",
    "/console/evn?service=s3&outcome=fault",
    "/console/evn?outcome=closed&charged=yes",
    "/console/evn?agent=nobody",
    "/console/evn?number=%2B4930100000",
    "/console/evn?account=a00000",
    "/console/evn?from=2026-01-01&to=2026-10-31",
    "/console/why?caller=%2B4930100007",
    f"/console/why?caller={CALL}",
    f"/console/lists?list={CALLER_LIST}",
    *(f"/console/statistics?by={by}" for by in ("hour", "weekday", "day", "service")),
    "/console/statistics?from=2026-08-24&to=2026-11-30",
    "/console/statistics?by=hour&from=2026-08-24&to=2026-11-30",
    "/console/statistics?by=month&from=2025-12-01&to=2026-11-30",
    "/console/statistics?by=service&from=2025-12-01&to=2026-11-30",
)
"""Pages at their worst: the deepest, the rarest, the longest time."""


class Evening(SystemClock):
    """The machine's clock, put to the last evening of the books."""

    def __init__(self) -> None:
        self._ahead_ms = EVENING_MS - super().now().wall_ms

    def now(self) -> Now:
        now = super().now()
        return Now(now.wall_ms + self._ahead_ms, now.mono_ms)


async def furnish_books(file: Path, url: str) -> dict[str, str]:
    """Add to filled books what other pages are about; the records that paths name then."""
    async with open_house(file, database=url, inventory=inventory(), clock=Evening()) as house:
        await settle(house)
        await furnish(house)
        return house.own


async def measure(
    file: Path,
    url: str,
    records: Mapping[str, str],
    database: str,
    times: int,
    machine: Machine,
    tell: Tell,
) -> tuple[list[Asked], list[str]]:
    """Ask for every page so many times; `tell` hears how much of it is done, and of how much.

    Also gives the pages that could not be asked for, since what they are about is not there.
    """
    found: list[Asked] = []
    name = f"{uuid4()}@bench.example"
    async with open_house(file, database=url, inventory=inventory(name), clock=Evening()) as house:
        await revive(house)
        freeze_heap()  # as an engine does that serves
        owner = await house.add(ORGANISATION, name, Role.OWNER)
        staff = await house.add(None, f"{uuid4()}@operator.example", Role.OWNER)
        own, all_of_them = await house.session(owner), await house.session(staff)
        asked, unseen = await _pages(house, records, own, all_of_them)
        asked += [_Page(path, path, own) for path in WORST]
        for page in asked:
            ask = partial(_ask, house, page)
            found.append(await machine.ask(page.title, database, ask, times))
            tell(len(found), len(asked))
    return found, unseen


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as it is called, its path, and the session it is asked for in."""

    title: str
    path: str
    secret: str


async def _pages(
    house: House, records: Mapping[str, str], own: str, all_of_them: str
) -> tuple[list[_Page], list[str]]:
    """Every page of the route table, and the routes without a record to ask for."""
    found, unseen = [], []
    for route in (one for one in ROUTES if one.is_page and one.is_safe and one.right):
        title = FLOOR if FLOOR.startswith(f"{route.path} ") else route.path
        secret = all_of_them if route.whose is Whose.OPERATOR else own
        # What large books do not have, the furnished ones do.
        for ids in ({**records, **house.own, **RECORDS}, {**house.own, **records}):
            page = _Page(title, path_of(route, ids), secret)
            if await _ask(house, page) == OK:
                found.append(page)
                break
        else:
            unseen.append(route.path)
    return found, unseen


async def _ask(house: House, page: _Page) -> int:
    """Wait for a page to its last byte; the status, which is 200 or one of `NOT_YET`."""
    answer = await house.ask("GET", page.path, secret=page.secret)
    await answer.read()
    if answer.status not in (OK, *NOT_YET):
        raise RuntimeError(f"{page.path} was answered with {answer.status}")
    return answer.status
