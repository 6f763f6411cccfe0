"""A PayPal of our own, and an account with it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.payments.paypal.provider import PayPal
from tests.fakes.payments.paypal import PayPalFake


@pytest.fixture
async def paypal_fake() -> AsyncIterator[PayPalFake]:
    async with PayPalFake() as fake:
        yield fake


@pytest.fixture
async def paypal(paypal_fake: PayPalFake, tmp_path: Path) -> AsyncIterator[PayPal]:
    ca_file = tmp_path / "root.pem"
    ca_file.write_bytes(paypal_fake.authority.root)
    provider = PayPal(paypal_fake.options(str(ca_file)), "tarot")
    yield provider
    await provider.close()
