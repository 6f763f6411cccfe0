"""One stage for all scenes of a session, and a few houses at once for what needs its own."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from tests.system.stage.scenes import Plays, Stage

HOUSES_AT_ONCE = 3


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The house in which every selected scene is played."""
    scenes = [
        item
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item.function, "needs")
    ]
    async with Stage(tmp_path_factory.mktemp("stage"), scenes) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def houses(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Plays]:
    """Every selected test that is played in its own house."""
    plays = Plays(HOUSES_AT_ONCE)
    for item in request.session.items:
        play = getattr(getattr(item, "function", None), "play", None)
        if play is not None:
            folder = tmp_path_factory.mktemp("house")
            plays.begin(item.nodeid, partial(play, folder))
    yield plays
    await plays.end()
