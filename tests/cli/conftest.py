"""A shop for commands on the books: real journal, real embedded store, no engine."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import structlog
from click.testing import CliRunner, Result

from engine.app import Books, books_of
from engine.cli import main
from engine.settings import read_settings
from engine.store.process import StoreProcess

SAMPLE = Path(__file__).parents[2] / "config"

T = TypeVar("T")


@dataclass
class Shop:
    """Runs commands with settings of its own, and looks into the books behind them."""

    var: Path
    runner: asyncio.Runner
    store: StoreProcess

    @property
    def environ(self) -> dict[str, str]:
        return {"GROSCHEN_VAR": str(self.var), "GROSCHEN_CONFIG": str(SAMPLE)}

    def run(self, *args: str) -> Result:
        return CliRunner(env=self.environ).invoke(main, args, catch_exceptions=False)

    def json(self, *args: str, code: int = 0) -> Any:
        """The answer of a command as an object."""
        result = self.run(*args, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def look(self, work: Callable[[Books], Awaitable[T]]) -> T:
        """What work on the opened books gives."""

        async def opened() -> T:
            async with books_of(read_settings(self.environ)) as books:
                return await work(books)

        return self.runner.run(opened())

    def start_store(self) -> None:
        self.runner.run(self.store.start())

    def stop_store(self) -> None:
        self.runner.run(self.store.stop())


@pytest.fixture
def quiet_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose store does not run."""
    with asyncio.Runner() as runner:
        store = StoreProcess(tmp_path / "run" / "engine-1" / "store")
        yield Shop(tmp_path, runner, store)
        runner.run(store.stop())


@pytest.fixture
def shop(quiet_shop: Shop) -> Shop:
    """A shop whose store runs."""
    quiet_shop.start_store()
    return quiet_shop


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Commands send their logs to a stream that ends with them."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield
    root.handlers, level = before
    root.setLevel(level)
    logging.getLogger("engine").setLevel(logging.NOTSET)
    structlog.reset_defaults()
