"""Verifications and merchants."""

from dataclasses import replace

from engine.core.verification import CallStep, Failure, Mode, Status, Verification
from engine.flows.verification.codes import Codes
from engine.flows.verification.sessions import Sessions
from engine.ledger.verifications.sql import SqlVerifications
from engine.ports.limits import Limit
from tests.verification.cases import FIFTEEN_CENTS, verification
from tests.web.console.house import MASTERS, OTHERS, House, Row
from tests.web.site import SECRET

VERIFICATIONS = "/console/verifications"
MERCHANTS = "/console/merchants"
READERS = f"{MASTERS} manager auditor"
HOUR_MS = 3_600_000
PROVED = "0" * 31 + "1"
WAITS = "0" * 31 + "2"

ROWS = {
    ("GET", VERIFICATIONS): Row(READERS),
    ("GET", f"{VERIFICATIONS}/{{verification_id}}"): Row(READERS),
    ("GET", "/console/live/verifications/{verification_id}"): Row(READERS),
    ("GET", MERCHANTS): Row(READERS),
    ("GET", f"{MERCHANTS}/{{merchant}}"): Row(READERS),
    ("GET", f"{MERCHANTS}/{{merchant}}/statement"): Row(READERS),
}


def proved(now_ms: int) -> Verification:
    """A number that was proved by a code, on the second call."""
    return replace(
        verification(verification_id=PROVED, created_ms=now_ms - 200_000),
        status=Status.VERIFIED,
        calls=2,
        calls_left=1,
        step=CallStep.ENDED,
        last_failure=Failure.BUSY,
        code_told=True,
        answered_ms=now_ms - 60_000,
        call_ended_ms=now_ms - 40_000,
        ended_ms=now_ms - 20_000,
        method=Mode.SPEAK,
        charge_micros=FIFTEEN_CENTS,
    )


async def seed(house: House) -> None:
    """Some of ours in several states, and one elsewhere."""
    verifications = SqlVerifications(house.bench.ledger)
    now_ms = house.bench.site.clock.now().wall_ms
    house.own |= {"verification_id": PROVED, "merchant": "shop"}
    house.foreign |= {"verification_id": "f" * 32, "merchant": "bolt-shop"}
    theirs = verification(
        verification_id="f" * 32,
        organisation=OTHERS,
        merchant="bolt-shop",
        reference="schraube-1",
        created_ms=now_ms,
    )
    blocked = replace(
        verification(verification_id="0" * 31 + "3", created_ms=now_ms - 90_000),
        status=Status.BLOCKED,
        reason="per_number",
        ended_ms=now_ms - 90_000,
    )
    waits = verification(
        verification_id=WAITS,
        status=Status.WAITING,
        created_ms=now_ms - 10_000,
        expires_ms=now_ms + HOUR_MS,
        calls=1,
        calls_left=2,
        step=CallStep.CODE_SPOKEN,
        code_told=True,
        answered_ms=now_ms - 5_000,
    )
    for one in (proved(now_ms), blocked, waits, theirs):
        await verifications.add(one)


async def revive(house: House) -> None:
    """What the store has counted: three calls of the merchant, one of which proved its number."""
    store = house.bench.store
    for number in range(3):
        limits = (Limit("per_merchant", "merchant:shop", 600, HOUR_MS),)
        await store.admit(f"verify-{number}", limits, ())
    sessions = Sessions(
        SqlVerifications(house.bench.ledger), store, Codes(SECRET), house.bench.site.clock
    )
    ended = proved(house.bench.site.clock.now().wall_ms)
    await store.note_outcome(PROVED, True, sessions.breakers(ended, 30, 10))
