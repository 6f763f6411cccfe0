"""The wiring, as far as it can be seen without a switch."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from engine.app import books_of, plan_of
from engine.errors import CallerError
from engine.settings import Settings
from tests.demo.payments import plan_apart


async def test_nobody_else_looks_into_what_an_engine_writes(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var")
    settings.run_folder.mkdir(parents=True, mode=0o755)
    async with books_of(settings) as books:
        assert books.store is None
    assert settings.run_folder.stat().st_mode & 0o077 == 0


def test_fake_payments_touch_no_real_books(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var")
    apart = plan_apart(settings)
    assert apart.database != plan_of(settings).database
    assert apart.folder == tmp_path / "var" / "fake-payments"
    for theirs in (
        {"database_url": SecretStr("postgresql://db.example/books")},
        {"store_url": "redis://store.example"},
        {"ari_url": "http://pbx.example:8088/ari"},
    ):
        with pytest.raises(CallerError, match="must be left out"):
            plan_apart(settings.model_copy(update=theirs))
