"""One stage for all scenes of a session."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.system.stage import Stage


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
