"""The wiring, as far as it can be seen without a switch."""

from pathlib import Path

from engine.app import books_of
from engine.settings import Settings


async def test_nobody_else_looks_into_what_an_engine_writes(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var")
    settings.run_folder.mkdir(parents=True, mode=0o755)
    async with books_of(settings) as books:
        assert books.store is None
    assert settings.run_folder.stat().st_mode & 0o077 == 0
