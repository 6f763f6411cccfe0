"""A profile's month: opening, every movement, closing; and beside it what the operator charges.

Entries count in the month in which they were booked, a call in the month in which it ended. Lines
are by provider, by service, and for what was booked by hand by its reason: other services are
debits. Opening and lines sum to the closing to the micro-unit, or there is no statement.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import structlog

from engine.core.inventory import Inventory, PlatformFees
from engine.core.money import Rounding, round_fraction
from engine.core.posting import EntryKind
from engine.errors import CallerError, EngineError
from engine.flows.papers.month import Month
from engine.ports.statements import Figures, Movement, SetAside, Statements

REASONS_MOST = 20
OTHER_REASONS = "*"
"""Stands for the reasons with the smallest sums, where there are more than `REASONS_MOST`."""

FEE_ROUNDING = Rounding(2)
BASIS_POINTS = 10_000

log = structlog.get_logger(__name__)


class Section(StrEnum):
    """What lines are put together, in the order of the statement."""

    TOP_UPS = "top_ups"
    BONUSES = "bonuses"
    CALLS = "calls"
    TAKEN_BACK = "taken_back"
    RETURNED = "returned"
    BONUSES_TAKEN_BACK = "bonuses_taken_back"
    BONUSES_RETURNED = "bonuses_returned"
    CREDITS = "credits"
    DEBITS = "debits"
    MOVED_IN = "moved_in"
    MOVED_OUT = "moved_out"


_SECTIONS = {
    EntryKind.TOP_UP: (Section.TOP_UPS, Section.TOP_UPS),
    EntryKind.BONUS: (Section.BONUSES, Section.BONUSES),
    EntryKind.CALL: (Section.CALLS, Section.CALLS),
    EntryKind.REFUND: (Section.RETURNED, Section.TAKEN_BACK),
    EntryKind.REVERSAL: (Section.RETURNED, Section.TAKEN_BACK),
    EntryKind.BONUS_BACK: (Section.BONUSES_RETURNED, Section.BONUSES_TAKEN_BACK),
    EntryKind.CREDIT: (Section.CREDITS, Section.CREDITS),
    EntryKind.DEBIT: (Section.DEBITS, Section.DEBITS),
    EntryKind.MOVE: (Section.MOVED_IN, Section.MOVED_OUT),
}
"""Where money of a kind is shown that comes in, and where what goes out."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section; `about` is a provider, a service or a reason, or empty.

    Of calls `count` are those of which a second was charged. `micros` is signed.
    """

    section: Section
    about: str
    count: int
    charged_s: int
    micros: int


class FeeKind(StrEnum):
    """What a fee is for."""

    PER_MONTH = "per_month"
    PER_CALL = "per_call"
    PERCENT_OF_CALLS = "percent_of_calls"


@dataclass(frozen=True, slots=True)
class Fee:
    """One agreed fee: `rate` (micro-units, or basis points) times `basis` (1, calls, or what
    calls were charged in micro-units), rounded half up once to the cent."""

    kind: FeeKind
    rate: int
    basis: int
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One profile's month. `owner` is the organisation's title.

    `is_closed` is False while the month is not over. `set_aside` and `fees` are on no customer's
    account, and no part of the sum.
    """

    profile: str
    title: str
    owner: str
    currency: str
    month: Month
    is_closed: bool
    opening_micros: int
    lines: tuple[Line, ...]
    closing_micros: int
    set_aside: tuple[SetAside, ...]
    fees: tuple[Fee, ...]


async def draw_up(
    statements: Statements, inventory: Inventory, name: str, month: Month, now_ms: int
) -> Statement:
    """The statement of a profile. `CallerError` for a profile there is not, `EngineError` (and an
    alarm) for one that does not add up."""
    profile = inventory.profile(name)
    if profile is None:
        raise CallerError(f"there is no profile {name}", "profile")
    figures = await statements.figures(profile.organisation, name, month.from_ms, month.to_ms)
    lines = lines_of(figures, name)
    fault = fault_of(figures, lines, profile.currency)
    if fault:
        log.error("statement.refused", profile=name, month=month.name, fault=fault)
        raise EngineError(f"the statement of {name} {month.name} is refused: {fault}")
    return Statement(
        profile=name,
        title=profile.title or name,
        owner=inventory.title_of(profile.organisation),
        currency=profile.currency,
        month=month,
        is_closed=now_ms >= month.to_ms,
        opening_micros=figures.opening_micros,
        lines=lines,
        closing_micros=figures.closing_micros,
        set_aside=figures.set_aside,
        fees=fees_of(profile.fees, lines) if _has_begun(figures) else (),
    )


def fault_of(figures: Figures, lines: tuple[Line, ...], currency: str) -> str:
    """Why there can be no statement of these figures, as a sentence; empty if there can."""
    others = [other for other in figures.currencies if other != currency]
    if others:
        return f"the profile is in {currency}, but has accounts in {', '.join(others)}"
    reached = figures.opening_micros + sum(line.micros for line in lines)
    if reached != figures.closing_micros:
        return (
            f"opening and movements sum to {reached} micro-units, but the closing balance is"
            f" {figures.closing_micros}: see `groschen ledger verify`"
        )
    return ""


def lines_of(figures: Figures, profile: str) -> tuple[Line, ...]:
    """The movements as lines, in the statement's order; one of a kind that no customer's account
    has is left out, and missing from the sum."""
    found: dict[tuple[Section, str], list[int]] = {}
    for movement in figures.movements:
        if movement.kind not in _SECTIONS:
            continue
        section = _SECTIONS[movement.kind][0 if movement.comes_in else 1]
        sums = found.setdefault((section, _about(movement, profile)), [0, 0, 0])
        for at, value in enumerate((movement.count, movement.charged_s, movement.micros)):
            sums[at] += value
    lines = [Line(section, about, *sums) for (section, about), sums in found.items() if any(sums)]
    return tuple(line for section in Section for line in _of_section(section, lines))


def _about(movement: Movement, profile: str) -> str:
    family, _, name = movement.counter.partition(":")
    return movement.reason or (name.removeprefix(f"{profile}.") if family != "customer" else "")


def _of_section(section: Section, lines: list[Line]) -> Iterator[Line]:
    """The section's lines by name; of too many reasons the smallest are put together."""
    own = sorted((line for line in lines if line.section is section), key=lambda line: line.about)
    if section not in (Section.CREDITS, Section.DEBITS) or len(own) <= REASONS_MOST:
        yield from own
        return
    large = sorted(own, key=lambda line: -abs(line.micros))[: REASONS_MOST - 1]
    rest = [line for line in own if line not in large]
    yield from (line for line in own if line in large)
    count = sum(line.count for line in rest)
    yield Line(section, OTHER_REASONS, count, 0, sum(line.micros for line in rest))


def _has_begun(figures: Figures) -> bool:
    """Whether anything was ever booked: nothing is charged before the first customer came."""
    return bool(figures.entries_before or figures.movements)


def fees_of(fees: PlatformFees, lines: tuple[Line, ...]) -> tuple[Fee, ...]:
    """The agreed fees on these lines; one that is not agreed is left out."""
    calls = [line for line in lines if line.section is Section.CALLS]
    count, charged_micros = sum(line.count for line in calls), -sum(line.micros for line in calls)
    agreed = (
        (FeeKind.PER_MONTH, fees.per_month_micros, 1, 1),
        (FeeKind.PER_CALL, fees.per_call_micros, count, 1),
        (FeeKind.PERCENT_OF_CALLS, fees.calls_basis_points, charged_micros, BASIS_POINTS),
    )
    return tuple(
        Fee(kind, rate, basis, round_fraction(Fraction(rate * basis, of), FEE_ROUNDING))
        for kind, rate, basis, of in agreed
        if rate
    )
