"""The tables of tracking calls, beside those of the books. Days count from 1 January 1970."""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
)

from engine.ledger.columns import number, organisation, table, text_column

ALL_DAY = -1
"""The hour of a row of sums that is for its whole day."""


def _day(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _whose() -> Column[str]:
    return Column("organisation", Text, ForeignKey("organisations.organisation"), primary_key=True)


tracked_calls = table(
    "tracked_calls",
    Column("call_id", Text, primary_key=True),
    organisation(),
    text_column("number"),
    text_column("source"),
    number("arrived_ms"),
    Column("answered_ms", BigInteger),
    number("ended_ms"),
    text_column("outcome"),
    Column("target", BigInteger),
    text_column("timezone"),
    number("day"),
    number("hour"),
    text_column("country"),
    text_column("area"),
    text_column("line"),
    text_column("seen"),
    Index("ix_tracked_calls_organisation", "organisation", "arrived_ms", "call_id"),
    Index("ix_tracked_calls_arrived", "arrived_ms"),
)
"""The calls, each a `core.tracked.TrackedCall` with its place, its caller's origin, and whether he
was `core.tracked.Seen`. Nothing here tells callers of one origin from each other; a rare origin may
be one caller's, so `flows.tracked.rules` says which are told."""

tracked_keys = table(
    "tracked_keys",
    _whose(),
    _day("first"),
    _day("after"),
    Column("sealed", LargeBinary),
)
"""The key of each organisation and period, sealed; null once it was destroyed."""

tracked_callers = table(
    "tracked_callers",
    _key("organisation"),
    _day("first"),
    _day("after"),
    Column("caller_hash", LargeBinary, primary_key=True),
    ForeignKeyConstraint(
        ["organisation", "first", "after"],
        ["tracked_keys.organisation", "tracked_keys.first", "tracked_keys.after"],
    ),
    sqlite_with_rowid=False,
)
"""Who has called in a key period, known by hashes that say nothing without the key; gone with it.
"""

tracked_sums = table(
    "tracked_sums",
    _whose(),
    _day("hour"),
    _day("day"),
    _key("source"),
    _key("number"),
    *(
        number(name)
        for name in (
            "calls",
            "answered",
            "abandoned",
            "busy",
            "failed",
            "ring_ms",
            "talk_ms",
            "firsts",
            "repeats",
        )
    ),
    sqlite_with_rowid=False,
)
"""`core.tracked.Counts` by local day (`ALL_DAY`) and by local hour of the day."""


class Over(StrEnum):
    """What a histogram is of: a local day, or the local month that begins with its day."""

    DAY = "day"
    MONTH = "month"


tracked_times = table(
    "tracked_times",
    _whose(),
    _key("over"),
    _day("day"),
    _key("source"),
    _key("number"),
    _key("measure"),
    _day("step"),
    number("calls"),
    sqlite_with_rowid=False,
)
"""Histograms of `core.tracked.Measure`, beside the sums: how many calls took so long; `step` is
`core.tracked.step_of`'s."""

tracked_origins = table(
    "tracked_origins",
    _whose(),
    _day("month"),
    _key("source"),
    _key("number"),
    _key("country"),
    _key("area"),
    _key("line"),
    number("calls"),
    number("firsts"),
    sqlite_with_rowid=False,
)
"""Where callers called from, by local month (its first day)."""

tracked_terms = table(
    "tracked_terms",
    _whose(),
    number("callers_least"),
    number("key_months"),
    Column("mails", JSON, nullable=False),
    text_column("lang"),
)
"""How an organisation's calls are counted and told; see `core.tracked.Terms`."""
