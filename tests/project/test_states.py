"""The committed diagrams are what the tables say, and what calls do is in them."""

from collections.abc import Iterator
from enum import StrEnum

import pytest

from engine.core.events import CallAdopted
from engine.core.tariff import FirstCall
from tests.core.premium_driver import CALLER, Driver, stock_of, tariff_of
from tests.project.states import PREMIUM, ROOMS, Room, drawn, edges, steps

each_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)


@each_room
def test_the_diagram_is_up_to_date(room: Room) -> None:
    assert room.drawn.read_text() == drawn(room), "run scripts/draw"


@each_room
def test_every_state_is_reached_and_the_final_one_is_final(room: Room) -> None:
    changes = edges(room)
    assert {after for _, after in changes} == set(room.used) - {room.first}
    assert not [after for before, after in changes if before is room.last]
    assert _reachable_from(room, room.first) == set(room.used)
    for state in room.used:
        assert room.last in _reachable_from(room, state), f"{state} never ends"


def _reachable_from(room: Room, state: StrEnum) -> set[StrEnum]:
    seen, waiting = {state}, [state]
    while waiting:
        now = waiting.pop()
        new = {after for before, after in edges(room) if before is now} - seen
        seen |= new
        waiting += new
    return seen


def _runs() -> Iterator[Driver]:
    yield Driver(stock_of(tariff=tariff_of(first_call=FirstCall(0, 1))))
    yield Driver(stock_of(on_agent_lost="next"))
    yield Driver(stock_of(), balance_micros=0)


@pytest.mark.parametrize("number", range(3))
def test_what_a_call_does_is_in_the_diagram(number: int) -> None:
    driver = list(_runs())[number]
    walked: set[tuple[StrEnum, StrEnum]] = set()
    take = driver.take

    def watched(event: object) -> None:
        before = driver.call.state
        take(event)  # type: ignore[arg-type]  # handed through
        if driver.call.state is not before and not isinstance(event, CallAdopted):
            walked.add((before, driver.call.state))

    driver.take = watched  # type: ignore[method-assign]  # to look on
    for _ in range(40):
        if driver.waiting:
            driver.deliver(0)
    driver.end_leg(CALLER)
    driver.run()
    assert walked
    assert walked <= steps(PREMIUM)
