"""Virtual seconds are cheap, lines of log are not: a world full of faults would log each."""

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True, scope="package")
def quiet_log() -> Iterator[None]:
    """Log nothing, for as long as this folder's tests run."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)
