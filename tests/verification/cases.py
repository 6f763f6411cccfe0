"""A merchant, a verification and its call, as the tests need them."""

from dataclasses import replace
from typing import Any

from engine.core.inventory import Merchant, Trunk
from engine.core.money import Rounding
from engine.core.number import NumberFormat
from engine.core.rating import Increment, Rate
from engine.core.verification import Mode, Verification
from engine.verification import machine
from engine.verification.call import VerificationCall

NOW_MS = 1_795_300_000_000
MOBILE = "+4915228817386"
LANDLINE = "+493023125100"
OWN = "+493023125000"
FIFTEEN_CENTS = 150_000


def rate(fee_micros: int = FIFTEEN_CENTS, price_micros: int = 0) -> Rate:
    """So much for each proved number, and for each minute begun of the call that proved it."""
    return Rate(
        price_micros=price_micros,
        first_price_micros=None,
        first_minutes=None,
        increment=Increment(60, 60),
        connect_fee_micros=fee_micros,
        rounding=Rounding(),
        max_call_minutes=60,
    )


MERCHANT = Merchant(
    name="shop",
    organisation="acme",
    trunk="carrier",
    currency="EUR",
    rate=rate(),
    title="Beispielladen",
    modes=tuple(Mode),
)
TRUNK = Trunk(name="carrier", host="127.0.0.1", number_format=NumberFormat.E164_PLUS, caller_id=OWN)


def merchant(**changes: Any) -> Merchant:
    return replace(MERCHANT, **changes)


def verification(**changes: Any) -> Verification:
    """A verification that waits for its first call."""
    plain = Verification(
        verification_id="v1",
        organisation="acme",
        merchant="shop",
        reference="order 7",
        e164=MOBILE,
        mode=Mode.SPEAK,
        lang="de",
        address_key="address:1",
        seed="5eed",
        code_digits=6,
        retry_after_s=90,
        currency="EUR",
        rate=rate(),
        created_ms=NOW_MS,
        expires_ms=NOW_MS + 600_000,
        tries_left=3,
        calls_left=3,
    )
    return replace(plain, **changes)


def call(mode: Mode = Mode.SPEAK) -> VerificationCall:
    """Its first call, about to be placed."""
    return machine.begin(verification(mode=mode, calls=1), MERCHANT, TRUNK, NOW_MS)
