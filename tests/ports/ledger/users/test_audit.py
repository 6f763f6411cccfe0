"""`ports.audit`: acts are only added to, and found by who, what, when and whose."""

from dataclasses import replace

from engine.ports.audit import Act, ActFilter, AuditLine
from tests.ports.ledger.books import NOW_MS
from tests.ports.ledger.users.conftest import Desk

LOCK = Act(
    act_id="a1",
    at_ms=NOW_MS,
    organisation="acme",
    author="ada",
    address="203.0.113.9",
    action="users.lock",
    target="users/u2",
)
ADD = replace(LOCK, act_id="a2", at_ms=NOW_MS + 10, author="bob", action="keys.add")
ELSEWHERE = replace(LOCK, act_id="a3", organisation="bolt", action="users_of.lock")
OPERATORS = replace(LOCK, act_id="a4", organisation=None)
EVERY = ActFilter(organisation=None)


async def written(desk: Desk) -> None:
    for act in (LOCK, ADD, ELSEWHERE, OPERATORS):
        await desk.audit.begin(act)


async def ids(desk: Desk, wanted: ActFilter) -> list[str]:
    return [line.act.act_id for line in await desk.audit.lines(wanted)]


async def test_an_act_is_there_before_it_has_ended(desk: Desk) -> None:
    await desk.audit.begin(LOCK)
    assert await desk.audit.lines(EVERY) == [AuditLine(LOCK)]
    await desk.audit.end("a1", "done", {"user": "grace", "count": 3, "was": None})
    ended = AuditLine(LOCK, "done", {"user": "grace", "count": 3, "was": None})
    assert await desk.audit.lines(EVERY) == [ended]


async def test_what_is_written_stands(desk: Desk) -> None:
    await desk.audit.begin(LOCK)
    await desk.audit.begin(replace(LOCK, author="somebody else"))
    await desk.audit.end("a1", "refused", {})
    await desk.audit.end("a1", "done", {"x": 1})
    assert await desk.audit.lines(EVERY) == [AuditLine(LOCK, "refused", {})]


async def test_acts_are_found_newest_first(desk: Desk) -> None:
    await written(desk)
    assert await ids(desk, EVERY) == ["a4", "a3", "a2", "a1"]
    assert await ids(desk, replace(EVERY, most=1, before="a3")) == ["a2"]
    assert await ids(desk, replace(EVERY, before="nothing")) == []


async def test_acts_are_found_by_each_filter(desk: Desk) -> None:
    await written(desk)
    assert await ids(desk, replace(EVERY, organisation="acme")) == ["a2", "a1"]
    assert await ids(desk, replace(EVERY, author="bob")) == ["a2"]
    assert await ids(desk, replace(EVERY, action="users")) == ["a4", "a1"]
    assert await ids(desk, replace(EVERY, action="keys.add")) == ["a2"]
    assert await ids(desk, replace(EVERY, action="%")) == []
    assert await ids(desk, replace(EVERY, from_ms=NOW_MS + 10)) == ["a2"]
    assert await ids(desk, replace(EVERY, to_ms=NOW_MS + 10)) == ["a4", "a3", "a1"]
