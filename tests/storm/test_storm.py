"""Smaller storms than `scripts/simulate payments` makes, of the same weather."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from engine.core.posting import Entry, EntryKind, Posting, customer
from tests.storm.payers import Fate
from tests.storm.run import Storm, World, run

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
        Storm(callbacks=600, each=1, database="sqlite", seed=SEED),
        Storm(callbacks=600, each=1, database="postgres", seed=SEED),
    ],
    ids=lambda storm: storm.database,
)
async def test_each_payment_counts_once_whoever_dies(storm: Storm, tmp_path: Path) -> None:
    """Two engines are at the same orders, sometimes in the same moment."""
    print(f"seed {storm.seed}")
    report = await run(storm, tmp_path)
    assert report.faults == ()
    assert report.credited_micros > 0
    assert report.set_aside_micros > 0
    assert report.contested > 0


async def test_what_is_wrong_is_noticed(tmp_path: Path) -> None:
    """A verdict that could not fail would prove nothing."""

    async def tamper(world: World) -> None:
        after = world.after
        payer = next(payer for payer in after.purchases if payer.fate is Fate.KEPT)
        for account in (customer(payer.begun.account_id), "suspense"):
            is_customers = account != "suspense"
            entry = Entry(
                key=f"again:{account}",
                kind=EntryKind.TOP_UP if is_customers else EntryKind.SUSPENSE,
                currency="EUR",
                postings=(Posting(account, 1), Posting("provider:acme-eur.stripe", -1)),
                at_ms=0,
                reason=payer.begun.order_id,
                organisation="" if is_customers else payer.begun.organisation,
            )
            await after.ledger.post(entry)
        after.post.distinct += 1
        after.post.answers[409] += 1
        with after.engines[0].log.open("a") as log:
            log.write("Traceback")

    storm = Storm(callbacks=80, each=0, database="sqlite", seed=SEED)
    faults = "\n".join((await run(storm, tmp_path, tamper=tamper)).faults)
    for sign in (
        "are not in the store",
        "booked, ",
        "was credited 2 times",
        "in suspense are",
        "the outbox still holds",
        "letters of",
        "were answered 409",
        "e1 said: Traceback",
    ):
        assert sign in faults, faults
