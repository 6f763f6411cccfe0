"""Who may have numbers: an organisation's data, its documents, and what it has to prove.

A number of an area is for those who have their seat there (for Germany, order 25/2006 of the
Bundesnetzagentur). The seat is proved by an extract of the commercial register or a trade licence,
for the very address that is known, and for the area too where the place's name does not tell it:
who accepts the document agrees that the place is there. More numbers than `NEED_ABOVE` need a
certificate of need. The data are confirmed every year.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from engine.core.numbers.days import is_over
from engine.core.numbers.life import Reason, Refused
from engine.core.numbers.number import TRACKED_COUNTRIES, Area, Purpose

CONFIRM_MONTHS = 12
NEED_ABOVE: Mapping[str, int] = {"DE": 100, "AT": 3}
"""How many numbers of a country one has without a certificate of need."""


class Proof(StrEnum):
    """What can be asked of a holder."""

    SEAT = "seat"
    NEED = "need"


class DocumentKind(StrEnum):
    """What is handed in."""

    REGISTER_EXTRACT = "register_extract"
    TRADE_LICENCE = "trade_licence"
    CERTIFICATE_OF_NEED = "certificate_of_need"


PROVES: Mapping[DocumentKind, Proof] = {
    DocumentKind.REGISTER_EXTRACT: Proof.SEAT,
    DocumentKind.TRADE_LICENCE: Proof.SEAT,
    DocumentKind.CERTIFICATE_OF_NEED: Proof.NEED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """An address; `country` has two letters. `area_code` is empty where we have no areas.

    `area_given`: its holder gave the area, the name of the place alone does not tell it.
    """

    street: str
    postal_code: str
    place: str
    country: str
    area_code: str = ""
    area_given: bool = False

    @property
    def area(self) -> Area | None:
        """The area whose numbers can be had there."""
        return Area(self.country, self.area_code) if self.country in TRACKED_COUNTRIES else None

    @property
    def line(self) -> str:
        """The address in one line."""
        return f"{self.street}, {self.postal_code} {self.place}, {self.country}"

    @property
    def to_prove(self) -> str:
        """What a document of the seat is good for: the address, and the area if it was given."""
        return f"{self.line} (0{self.area_code})" if self.area_given else self.line


class Verdict(StrEnum):
    """What came of a check."""

    UNCHECKED = "unchecked"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a holder handed in, `dated` by whoever made it; `address` is what his seat had to prove
    then (`Seat.to_prove`).

    The file itself is kept apart, by the id.
    """

    document_id: str
    kind: DocumentKind
    file_name: str
    sha256: str
    address: str
    uploaded_on: date
    dated: date
    expires_on: date | None = None
    verdict: Verdict = Verdict.UNCHECKED
    checked_on: date | None = None
    checked_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A proof that was asked for, to come `by` a day (included).

    The first `after` documents do not count: they were there when it was asked for anew.
    """

    proof: Proof
    asked_on: date
    by: date
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """An organisation's data as its contract for numbers has them; `version` counts changes.

    What it is told is mailed to `mail` in the language `lang`; to nobody if that is empty.
    """

    organisation: str
    title: str
    seat: Seat
    confirmed_on: date
    documents: tuple[Document, ...] = ()
    demands: tuple[Demand, ...] = ()
    mail: str = ""
    lang: str = "de"
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The operator's own choices.

    `reclaim_automatic`: unused numbers are taken back, not only proposed to be. `prove_seat_first`:
    no order is complete before the seat is proved; else it is proved only on demand. After a move
    the numbers that fit no longer are replaced at once: the new seat has to be proved within
    `deadline_days`, and the operator is told if it is not.
    """

    reclaim_automatic: bool = False
    prove_seat_first: bool = True
    deadline_days: int = 30


def proves(holder: Holder, document: Document, proof: Proof, day: date) -> bool:
    """Whether a document is good for a proof today."""
    fits = PROVES[document.kind] is proof and document.verdict is Verdict.ACCEPTED
    is_current = document.expires_on is None or day <= document.expires_on
    return fits and is_current and (proof is Proof.NEED or document.address == holder.seat.to_prove)


def is_met(holder: Holder, demand: Demand, day: date) -> bool:
    """Whether what was asked for has come, and is good."""
    later = holder.documents[demand.after :]
    return any(proves(holder, document, demand.proof, day) for document in later)


def missing(holder: Holder, held: Mapping[str, int], day: date, policy: Policy) -> frozenset[Proof]:
    """What is wanting before another number may be switched on, and what was asked for.

    `held` counts the holder's numbers by country, the new one among them.
    """
    has_area = any(held.get(country, 0) for country in TRACKED_COUNTRIES)
    wanted = {Proof.SEAT} if policy.prove_seat_first and has_area else set()
    if any(held.get(country, 0) > most for country, most in NEED_ABOVE.items()):
        wanted.add(Proof.NEED)
    asked = {demand.proof for demand in holder.demands if not is_met(holder, demand, day)}
    unproved = {
        proof
        for proof in wanted
        if not any(proves(holder, document, proof, day) for document in holder.documents)
    }
    return frozenset(asked | unproved)


def overdue(holder: Holder, day: date) -> tuple[Demand, ...]:
    """The demands whose day is over."""
    return tuple(d for d in holder.demands if d.by < day and not is_met(holder, d, day))


def must_confirm(holder: Holder, day: date) -> bool:
    """Whether the yearly confirmation of the data is due."""
    return is_over(holder.confirmed_on, CONFIRM_MONTHS, day)


def may_order(holder: Holder, purpose: Purpose, day: date) -> Refused | None:
    """Why a holder gets no further number now; None if he does."""
    if must_confirm(holder, day):
        since = holder.confirmed_on
        return Refused(Reason.DATA_NOT_CONFIRMED, f"the data were last confirmed on {since}")
    late = overdue(holder, day)
    if late:
        return Refused(
            Reason.DOCUMENTS_OVERDUE, f"proof of {late[0].proof} was to come by {late[0].by}"
        )
    if purpose is Purpose.TRACKING and holder.seat.area is None:
        country = holder.seat.country
        return Refused(
            Reason.FOREIGN_SEAT,
            f"numbers for tracking need a seat in Germany or Austria, not {country}",
        )
    return None


def demanded(holder: Holder, proof: Proof, by: date, day: date, *, anew: bool = False) -> Holder:
    """The holder after a proof was asked for; one already asked for gets the new day.

    Asked for `anew`, no document that is there counts.
    """
    after = len(holder.documents) if anew else 0
    others = tuple(d for d in holder.demands if d.proof is not proof)
    demand = Demand(proof=proof, asked_on=day, by=by, after=after)
    return replace(holder, demands=(*others, demand))


def checked(holder: Holder, document: Document, day: date) -> Holder:
    """The holder with a document as it was checked; demands that are met are gone."""
    documents = tuple(
        document if d.document_id == document.document_id else d for d in holder.documents
    )
    return settled(replace(holder, documents=documents), day)


def settled(holder: Holder, day: date) -> Holder:
    """The holder without the demands that are met: should it be wanting again, it is asked for
    anew."""
    return replace(holder, demands=tuple(d for d in holder.demands if not is_met(holder, d, day)))


def is_misplaced(holder: Holder, purpose: Purpose | None, area: Area) -> bool:
    """Whether a number of an area no longer fits its holder's seat."""
    return purpose is Purpose.TRACKING and holder.seat.area != area
