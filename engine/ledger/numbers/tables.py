"""The tables of the stock. Days are ISO 8601 text, times milliseconds, money micro-units.

`dids`, `did_sources` stand as they are now; the rest is only added to. What a holder is now is his
last version.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from engine.ledger.tables import METADATA

_COUNTER = BigInteger().with_variant(Integer(), "sqlite")
_ORGANISATION = "organisations.organisation"


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


dids = Table(
    "dids",
    METADATA,
    Column("e164", Text, primary_key=True),
    _text("country"),
    _text("area_code"),
    _text("status"),
    Column("organisation", Text, ForeignKey(_ORGANISATION)),
    Column("purpose", Text),
    Column("order_key", Text),
    _count("price_micros"),
    _text("currency"),
    Column("starts_on", Text),
    Column("active_since", Text),
    Column("last_call_on", Text),
    Column("quarantined_until", Text),
    _count("version"),
    UniqueConstraint("organisation", "order_key"),
    Index("ix_dids_area", "country", "area_code", "status", "e164"),
    Index("ix_dids_organisation", "organisation", "e164"),
    Index("ix_dids_status", "status", "e164"),
)
"""One row per number; columns are the fields of `core.numbers.number.Number`."""

did_events = Table(
    "did_events",
    METADATA,
    Column("e164", Text, ForeignKey("dids.e164"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("organisation", Text, ForeignKey(_ORGANISATION)),
    _count("at_ms"),
    _text("author"),
    _text("action"),
    _text("status"),
    _text("reason"),
    _text("other"),
)
"""What was done to each number, without a gap; columns are those of `ports.numbers.NumberEvent`."""

did_holders = Table(
    "did_holders",
    METADATA,
    Column("organisation", Text, ForeignKey(_ORGANISATION), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _count("at_ms"),
    _text("author"),
    _text("action"),
    Column("content", JSON, nullable=False),
)
"""Every version of a holder's data."""

did_files = Table(
    "did_files",
    METADATA,
    Column("document_id", Text, primary_key=True),
    Column("organisation", Text, ForeignKey(_ORGANISATION), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""The documents that holders handed in."""

did_sources = Table(
    "did_sources",
    METADATA,
    Column("source_id", Text, primary_key=True),
    Column("organisation", Text, ForeignKey(_ORGANISATION), nullable=False),
    Column("e164", Text, ForeignKey("dids.e164"), nullable=False),
    _text("name"),
    Column("places", JSON, nullable=False),
    Column("ends_on", Text),
    Column("removed_on", Text),
    _count("version"),
    Index("ix_did_sources_organisation", "organisation", "source_id"),
    Index("ix_did_sources_e164", "e164"),
)

did_notices = Table(
    "did_notices",
    METADATA,
    Column("place", _COUNTER, primary_key=True),
    _text("key"),
    Column("organisation", Text, ForeignKey(_ORGANISATION), nullable=False),
    _text("kind"),
    _text("day"),
    _text("e164"),
    Column("until", Text),
    _text("detail"),
    UniqueConstraint("key"),
    Index("ix_did_notices_organisation", "organisation", "place"),
)
"""What organisations and the operator were told, each once under its key."""

did_offers = Table(
    "did_offers",
    METADATA,
    Column("place", _COUNTER, primary_key=True),
    _text("country"),
    _text("purpose"),
    _count("price_micros"),
    _text("currency"),
    _text("author"),
    _count("at_ms"),
)
"""Every price the catalogue ever had; the last of a country and purpose holds."""

authority_cases = Table(
    "authority_cases",
    METADATA,
    Column("case_id", Text, primary_key=True),
    Column("e164", Text, ForeignKey("dids.e164"), nullable=False),
    Column("organisation", Text, ForeignKey(_ORGANISATION)),
    *(
        _text(name)
        for name in ("kind", "authority", "reference", "from_day", "to_day", "due_on", "status")
    ),
    _text("outcome"),
)
"""Columns are the fields of `core.numbers.case.Case`; status and outcome are written later."""

authority_case_lines = Table(
    "authority_case_lines",
    METADATA,
    Column("place", _COUNTER, primary_key=True),
    Column("case_id", Text, ForeignKey("authority_cases.case_id"), nullable=False),
    _count("at_ms"),
    _text("author"),
    _text("action"),
    Index("ix_authority_case_lines_case", "case_id", "place"),
)
"""The cases' own audit log, written once."""
