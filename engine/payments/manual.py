"""Money that comes without a provider: a bank transfer, cash over the counter.

The payer gets a reference to write on his transfer, short enough to be copied by hand. It is made
of the order's id, so that it is the same however often it is asked for, and it is the order's
`provider_ref`, so that whoever reads the bank statement finds the order by it. Nobody but the
operator knows that the money came; until he says so an order is open, and nothing is ever asked.

There is no live system here that anything could not be tried against.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode, urlsplit, urlunsplit

from engine.core.payment import PaymentFact, PaymentOrder
from engine.errors import CallerError
from engine.payments.options import Option, read_options
from engine.ports.payments import Forged, Headers, Notice, Places, Redirect

REFERENCE_BITS = 60
_LETTERS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)


class Manual:
    """A billing profile's payments by hand; `iban` and `holder` are what the page shows."""

    NAME: ClassVar[str] = "manual"
    is_signed = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "holder": Option("whom to transfer to"),
        "iban": Option("the account to transfer to"),
    }

    def __init__(self, options: Mapping[str, str], profile: str) -> None:
        read = read_options(options, self.OPTIONS)
        self.name = self.NAME
        self.payee = ""
        self.holder = read["holder"]
        self.iban = read_iban(read["iban"], "iban")

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        """Our own page, with the reference in its query (`reference`)."""
        reference = reference_of(order.order_id)
        page = urlsplit(places.success)
        asked = "&".join(filter(None, (page.query, urlencode({"reference": reference}))))
        return Redirect(reference, urlunsplit(page._replace(query=asked)))

    async def learn(self, headers: Headers) -> None:
        """There is nothing to learn."""

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        """Nobody sends callbacks about payments by hand."""
        return Forged("payments by hand have no callbacks")

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """Nothing is known but by the operator."""
        return ()

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """Nothing is authorised that could be taken."""
        return ()

    async def close(self) -> None:
        """There are no connections."""


def reference_of(order_id: str) -> str:
    """Three groups of four signs (Crockford's base 32: no I, L, O, U to be misread)."""
    digest = hashlib.sha256(order_id.encode()).digest()
    signs = base64.b32encode(digest).translate(_LETTERS).decode()[: REFERENCE_BITS // 5]
    return "-".join(signs[at : at + 4] for at in range(0, len(signs), 4))


def read_iban(text: str, field: str) -> str:
    """An IBAN without blanks, its check digits tried (ISO 13616); empty stays empty.

    Raises `CallerError` with `field`.
    """
    iban = text.replace(" ", "").upper()
    if not iban:
        return ""
    if _IBAN.fullmatch(iban) is None:
        raise CallerError("is no IBAN", field)
    if int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 != 1:
        raise CallerError("has wrong check digits", field)
    return iban
