"""A line in a house of its own, for what must not happen to others.

    @in_its_own_house
    async def test_the_store_is_away(folder: Path) -> None:
        async with alone(folder, line()) as s:
            ...

Such tests are played a few at once.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.core.inventory import BillingProfile, Service
from engine.flows.clock import SystemClock
from engine.flows.money.books import verify
from tests.flows.bills import assert_billed
from tests.rig.house import RealHouse
from tests.system.stage.listening import Listeners
from tests.system.stage.scenes import (
    BILLING,
    PLAY_LIMIT_S,
    Act,
    Cast,
    Needs,
    Plays,
    Scene,
    organise,
)


async def nobody(_scene: Scene) -> None:
    """These houses are played by their tests."""


@asynccontextmanager
async def alone(
    folder: Path,
    service: Service,
    *,
    agents: int = 1,
    trunk: Mapping[str, Any] | None = None,
    profile: BillingProfile = BILLING,
    **house: Any,
) -> AsyncIterator[Scene]:
    """One line in a house of its own, with an engine; afterwards the books must be clean."""
    cast = Cast(0, Needs(service, nobody, agents), {})
    async with AsyncExitStack() as stack:
        listeners = Listeners()
        stack.callback(listeners.close)
        built = RealHouse(
            folder,
            (),
            organise=lambda world: organise(world, [cast], profile, **(trunk or {})),
            profile=profile,
            **house,
        )
        await stack.enter_async_context(built)
        await built.start_engine()
        scene = Scene(built, cast, listeners)
        yield scene
        for record in await scene.records(0):
            await assert_billed(record, built.ledger)
        assert await verify(built.ledger, built.store, SystemClock()) == ()


def in_its_own_house(act: Callable[[Path], Coroutine[Any, Any, None]]) -> Act:
    """A test that is given a folder, and is played beside others of its kind."""

    async def test(houses: Plays, request: pytest.FixtureRequest) -> None:
        await houses.outcome(request.node.nodeid)

    test.__name__, test.__doc__, test.__module__ = act.__name__, act.__doc__, act.__module__

    async def play(folder: Path, _make_room: Callable[[], None]) -> None:
        await act(folder)

    test.play = play  # type: ignore[attr-defined]  # read by the fixture
    marked: Act = pytest.mark.timeout(2 * PLAY_LIMIT_S + 60)(
        pytest.mark.asyncio(loop_scope="session")(test)
    )
    return marked
