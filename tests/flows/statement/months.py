"""A month to draw statements up of: an inventory, figures, and a clock that stands."""

from dataclasses import replace

from engine.core.call import Now
from engine.core.inventory import BillingProfile, Inventory, Organisation, PlatformFees
from engine.core.posting import EntryKind
from engine.flows.clock import SystemClock
from engine.flows.papers.month import HOME_TIMEZONE, month_of
from engine.ports.statements import Figures, Movement, SetAside

EURO = 1_000_000
MONTH = month_of("2026-11", HOME_TIMEZONE)
FEES = PlatformFees(per_month_micros=29 * EURO, per_call_micros=50_000, calls_basis_points=1_250)
PROFILE = BillingProfile(
    name="web", organisation="acme", currency="EUR", title="Beratung", fees=FEES
)


def inventory(*profiles: BillingProfile) -> Inventory:
    """An inventory of these profiles, of one organisation."""
    acme = Organisation(name="acme", title="Acme Beratung GmbH")
    return Inventory(version=1, organisations=(acme,), profiles=profiles or (PROFILE,))


def moved(
    kind: EntryKind,
    micros: int,
    counter: str = "",
    reason: str = "",
    *,
    count: int = 1,
    charged_s: int = 0,
) -> Movement:
    """What entries of a kind have moved."""
    return Movement(
        kind=kind,
        counter=counter,
        reason=reason,
        comes_in=micros > 0,
        count=count,
        micros=micros,
        charged_s=charged_s,
    )


def figures(*movements: Movement, opening_micros: int = 0) -> Figures:
    """Figures that add up."""
    return Figures(
        opening_micros=opening_micros,
        entries_before=int(opening_micros != 0),
        movements=movements,
        closing_micros=opening_micros + sum(movement.micros for movement in movements),
        set_aside=(),
        currencies=("EUR",),
    )


FULL = replace(
    figures(
        moved(EntryKind.TOP_UP, 12_000 * EURO, "provider:web.paypal", count=1_200),
        moved(EntryKind.TOP_UP, 50 * EURO, "provider:web.stripe"),
        moved(EntryKind.BONUS, 5 * EURO, "bonus", count=2),
        moved(EntryKind.CALL, -3_980_000, "revenue:beratung", count=2, charged_s=3_725),
        moved(EntryKind.CALL, -1_332_167, "revenue:tarot", charged_s=41),
        moved(EntryKind.REVERSAL, -50 * EURO, "provider:web.stripe"),
        moved(EntryKind.REVERSAL, 50 * EURO, "provider:web.stripe"),
        moved(EntryKind.BONUS_BACK, -3 * EURO, "bonus"),
        moved(EntryKind.BONUS_BACK, 3 * EURO, "bonus"),
        moved(EntryKind.CREDIT, 2 * EURO, "adjustment", "goodwill"),
        moved(EntryKind.DEBIT, -6 * EURO, "adjustment", "=newsletter", count=3),
        moved(EntryKind.MOVE, -8 * EURO),
        moved(EntryKind.MOVE, 8 * EURO),
        opening_micros=1_000 * EURO,
    ),
    set_aside=(SetAside(counter="provider:web.paypal", currency="USD", count=1, micros=EURO),),
)
"""Something of every kind."""


class Told:
    """Sums that are what a test says, by the profile's name; asked for `asked` times."""

    def __init__(self, **told: Figures) -> None:
        self.told = told
        self.asked = 0

    async def figures(self, organisation: str, profile: str, from_ms: int, to_ms: int) -> Figures:
        assert (organisation, from_ms, to_ms) == ("acme", MONTH.from_ms, MONTH.to_ms)
        self.asked += 1
        return self.told[profile]


class HandClock(SystemClock):
    """A wall clock that stands but where somebody sleeps."""

    def __init__(self, wall_ms: int) -> None:
        self.wall_ms = wall_ms

    def now(self) -> Now:
        return Now(self.wall_ms, self.wall_ms)

    async def sleep(self, ms: int) -> None:
        self.wall_ms += ms
