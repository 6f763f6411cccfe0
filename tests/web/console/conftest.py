"""A furnished house, fresh for each test: a copy of one that is furnished once."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.web.console.pages.sign_in import routes as sign_in
from tests.web.console.house import House, furnish, open_house, revive, settle


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def furnished(
    empty_books: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, House]:
    """Books with people and records of every subject in them, and who and what is there."""
    file = tmp_path_factory.mktemp("console") / "furnished.db"
    shutil.copy(empty_books, file)
    async with open_house(file) as house:
        await settle(house)
        await furnish(house)
    return file, house


@pytest.fixture(autouse=True)
def refuses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody who is refused wait for the step at which he is answered."""
    monkeypatch.setattr(sign_in, "ANSWER_STEP_S", 0.001)


@pytest.fixture
async def house(furnished: tuple[Path, House], tmp_path: Path) -> AsyncIterator[House]:
    """People and records of every subject."""
    books, known = furnished
    file = tmp_path / "console.db"
    shutil.copy(books, file)
    async with open_house(file) as opened:
        opened.know(known)
        await revive(opened)
        yield opened
