"""The stock of numbers, who has them, and all that was ever done to them.

Every change is one `Commit`, all of it or nothing, decided on what was read before: whatever has
changed since makes it a `ConflictError`, and the decision is made again. History is only added to.
A route (`ports.diversion`) follows its number in the same step: it ends as the number leaves its
holder, and goes over to the number that replaces it; so does a collector of one number
(`ports.analytics`). A source is begun or prolonged only on an active number of its organisation
(else a `ConflictError`, as is a number that leaves without a source that was added meanwhile).
Errors otherwise as in `ports.ledger`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from engine.core.mail import Mail
from engine.core.numbers.due import Notice
from engine.core.numbers.holder import Holder
from engine.core.numbers.number import HELD, Area, Number, Purpose, Status
from engine.core.numbers.rental import Tenure
from engine.core.numbers.source import Source
from engine.core.posting import Entry


@dataclass(frozen=True, slots=True)
class Move:
    """A number as it was read, and as it is to be; `other` is the number it replaces, or the one
    that replaces it. `number.organisation`, before or after, is whose history it becomes."""

    before: Number
    after: Number
    action: str
    reason: str = ""
    other: str = ""

    @property
    def changes_hands(self) -> bool:
        """Whether another has the number afterwards, or nobody."""
        return self.before.organisation != self.after.organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What happens in one step, by whom and when.

    `holder` and `sources` are as they are to be, their versions one above what was read (1: new).
    Notices already there are not told again; `mails` are queued to be sent (`ports.mails`).
    """

    author: str
    at_ms: int
    moves: tuple[Move, ...] = ()
    holder: Holder | None = None
    holder_action: str = ""
    sources: tuple[Source, ...] = ()
    notices: tuple[Notice, ...] = ()
    mails: tuple[Mail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberEvent:
    """One line of a number's history: what was done, and how it stood then."""

    e164: str
    version: int
    organisation: str | None
    at_ms: int
    author: str
    action: str
    status: Status
    reason: str = ""
    other: str = ""

    @property
    def is_held(self) -> bool:
        """Whether it was an organisation's from then on."""
        return self.status in HELD


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderEvent:
    """One line of a holder's history: what was done, and what it was then."""

    holder: Holder
    at_ms: int
    author: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A line of the catalogue: what a number of a country costs a month for a purpose."""

    country: str
    purpose: Purpose
    price_micros: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFilter:
    """Which numbers are listed: by number, `most` of them after `after`. None: whichever.

    `digits` follow one another somewhere in the number; empty: whichever. `only`: of these alone.
    """

    organisation: str | None = None
    status: Status | None = None
    order_key: str | None = None
    purpose: Purpose | None = None
    digits: str = ""
    only: Collection[str] | None = None
    after: str = ""
    most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many numbers of an area stand alike."""

    country: str
    area_code: str
    status: Status
    count: int


class Numbers(Protocol):
    """The stock of all organisations."""

    async def stock(self, numbers: Sequence[Number], author: str, at_ms: int) -> int:
        """Take free numbers in; how many are new. All or none: `CallerError` names the first that
        is in the stock for another area; one that is there as it is counts for nothing."""
        ...

    async def number(self, e164: str) -> Number | None: ...

    async def numbers(self, wanted: NumberFilter) -> Sequence[Number]: ...

    async def unused(self, since: date, after: str, most: int) -> Sequence[Number]:
        """Active numbers, in order, switched on before a day and not called from then on."""
        ...

    async def counts(self) -> Sequence[Count]:
        """How many numbers of each area stand how, by country, area and state."""
        ...

    async def free(self, area: Area, most: int) -> Sequence[Number]:
        """Free numbers of an area, in order."""
        ...

    async def held(self, organisation: str) -> Mapping[str, int]:
        """How many numbers an organisation has, by country."""
        ...

    async def commit(self, commit: Commit) -> None: ...

    async def called(self, e164: str, day: date) -> None:
        """An active number was called on a day; of another, nothing is written down."""
        ...

    async def history(self, e164: str, before: int | None, most: int) -> Sequence[NumberEvent]:
        """What was done to a number, newest first, before a version."""
        ...

    async def holder(self, organisation: str) -> Holder | None: ...

    async def holders(self, after: str, most: int) -> Sequence[Holder]:
        """Holders in the order of their organisations, those that follow `after`."""
        ...

    async def holder_history(self, organisation: str, most: int) -> Sequence[HolderEvent]:
        """What was done to a holder's data, newest first."""
        ...

    async def keep_file(self, organisation: str, document_id: str, content: bytes) -> None:
        """Keep a document's file; once there it stays."""
        ...

    async def file(self, organisation: str, document_id: str) -> bytes | None: ...

    async def source(self, organisation: str | None, source_id: str) -> Source | None:
        """A source of an organisation; None: of whichever."""
        ...

    async def sources(
        self, organisation: str | None, e164: str | None, after: str, most: int
    ) -> Sequence[Source]:
        """Sources in the order of their ids, those that follow `after`."""
        ...

    async def notices(
        self, organisation: str | None, after: int, most: int
    ) -> Sequence[tuple[int, Notice]]:
        """What was told, each with its place, oldest first, those after a place."""
        ...

    async def latest(
        self, organisation: str | None, before: int | None, most: int
    ) -> Sequence[tuple[int, Notice]]:
        """As `notices`, newest first, those before a place."""
        ...

    async def told(self, keys: Sequence[str]) -> frozenset[str]:
        """Which of these notices are there already."""
        ...

    async def offers(self) -> Sequence[Offer]:
        """The catalogue as it is now, by country and purpose."""
        ...

    async def put_offer(self, offer: Offer, author: str, at_ms: int) -> None:
        """Let a price hold for orders from now on; what it was stays written down."""
        ...

    async def tenures(
        self, from_ms: int, to_ms: int, organisation: str | None, after: str, most: int
    ) -> Sequence[Tenure]:
        """Numbers that took calls at some time in the half-open interval (a month at most), in
        order, those that follow `after`; of one organisation, or of all."""
        ...

    async def booked(self, keys: Sequence[str]) -> frozenset[str]:
        """Which of these keys have an entry in the journal."""
        ...

    async def book(self, due: Sequence[Entry]) -> None:
        """Book rentals, all or none, each once: as `ports.ledger.Ledger.post`."""
        ...

    async def owed(self, organisation: str, from_ms: int, to_ms: int) -> Mapping[str, int]:
        """What was booked on an organisation for its numbers in the half-open interval
        (micro-units, by currency)."""
        ...
