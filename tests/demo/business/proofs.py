"""A shop that has its customers' phone numbers verified."""

import random
import uuid
from dataclasses import replace

from engine.core.inventory import Inventory, Merchant
from engine.core.rating import charge
from engine.core.verification import CallStep, Failure, Mode, Status, Verification
from engine.ledger.sql import SqlLedger
from engine.ledger.verifications.sql import SqlVerifications
from tests.demo.business.books import DAY_MS, DAYS, SEED

VERIFICATIONS = 150
FAILURES = (Failure.NO_ANSWER, Failure.BUSY, Failure.REJECTED)


async def write_proofs(ledger: SqlLedger, inventory: Inventory, now_ms: int) -> None:
    """Every merchant's verifications: four in five proved, which alone are charged."""
    chance, kept = random.Random(SEED), SqlVerifications(ledger)
    for merchant in inventory.merchants:
        for n in range(VERIFICATIONS):
            begun = _begun(merchant, chance, now_ms - chance.randrange(DAYS * DAY_MS), n)
            await kept.add(begun)
            await kept.save(_ended(begun, chance))


def _begun(merchant: Merchant, chance: random.Random, created_ms: int, n: int) -> Verification:
    return Verification(
        verification_id=uuid.UUID(int=chance.getrandbits(128), version=4).hex,
        organisation=merchant.organisation,
        merchant=merchant.name,
        reference=f"Bestellung {10_000 + n}",
        e164=f"+4917139200{chance.randrange(100):02}",
        mode=Mode.SPEAK,
        lang="de",
        address_key=f"demo:{n}",
        seed="demo",
        code_digits=merchant.code_digits,
        retry_after_s=merchant.retry_after_s,
        currency=merchant.currency,
        rate=merchant.rate,
        created_ms=created_ms,
        expires_ms=created_ms + merchant.lifetime_s * 1000,
        tries_left=merchant.tries,
        calls_left=merchant.calls,
    )


def _ended(begun: Verification, chance: random.Random) -> Verification:
    answered_ms = begun.created_ms + chance.randrange(8_000, 30_000)
    called = replace(
        begun,
        calls=1,
        calls_left=begun.calls_left - 1,
        step=CallStep.ENDED,
        version=begun.version + 1,
        change_id="demo",
        ended_ms=answered_ms + 40_000,
    )
    if chance.randrange(5) == 0:
        failure = chance.choice(FAILURES)
        return replace(called, status=Status.FAILED, reason=failure, last_failure=failure)
    return replace(
        called,
        status=Status.VERIFIED,
        code_told=True,
        answered_ms=answered_ms,
        call_ended_ms=answered_ms + 25_000,
        method=Mode.SPEAK,
        charge_micros=charge(begun.rate, 1),
    )
