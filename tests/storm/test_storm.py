"""Smaller storms than `scripts/simulate payments` makes, of the same weather."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.storm.run import Storm, run

SEED = 1


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """Log nothing: every death would be a line."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "storm",
    [
        Storm(callbacks=1_200, each=3, database="sqlite", seed=SEED),
        Storm(callbacks=1_200, each=3, database="postgres", seed=SEED),
    ],
    ids=lambda storm: storm.database,
)
async def test_each_payment_counts_once_whoever_dies(storm: Storm, tmp_path: Path) -> None:
    report = await run(storm, tmp_path)
    print(report)
    assert report.faults == ()
