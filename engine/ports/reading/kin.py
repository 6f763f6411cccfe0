"""Who a caller may be: the accounts that some numbers name or have named, and his last calls."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.cdr import CallRecord
from engine.ports.operators import Customer


@dataclass(frozen=True, slots=True)
class Named:
    """An account, the number it was found by, until when that named it (None: it does), and
    whether a caller has withheld that number."""

    customer: Customer
    e164: str
    until_ms: int | None
    withheld: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A number that names an account, or did from when until when; `withheld` if a caller
    withheld it."""

    e164: str
    from_ms: int
    until_ms: int | None
    withheld: bool


class Kin(Protocol):
    """Numbers and what they name, within an organisation."""

    async def named(self, organisation: str, numbers: Collection[str]) -> Sequence[Named]:
        """Accounts that any of the numbers names or has named; at most `KIN_MOST`."""
        ...

    async def last_calls(self, organisation: str, e164: str, most: int) -> Sequence[CallRecord]:
        """The number's last calls, newest first, refused ones too."""
        ...

    async def names(self, organisation: str, account_id: str) -> Sequence[Name]:
        """The account's numbers, the present one first; at most `KIN_MOST`."""
        ...

    async def was_withheld(self, organisation: str, e164: str) -> bool:
        """Whether any caller has ever withheld this number, also if his call is long gone."""
        ...


KIN_MOST = 50
