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
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)

from engine.ledger.columns import COUNTER, number, table, text_column

_ORGANISATION = "organisations.organisation"


dids = table(
    "dids",
    Column("e164", Text, primary_key=True),
    text_column("country"),
    text_column("area_code"),
    text_column("status"),
    Column("organisation", Text, ForeignKey(_ORGANISATION)),
    Column("purpose", Text),
    Column("order_key", Text),
    number("price_micros"),
    text_column("currency"),
    Column("starts_on", Text),
    Column("active_since", Text),
    Column("last_call_on", Text),
    Column("quarantined_until", Text),
    number("version"),
    UniqueConstraint("organisation", "order_key"),
    Index("ix_dids_area", "country", "area_code", "status", "e164"),
    Index("ix_dids_organisation", "organisation", "e164"),
    Index("ix_dids_status", "status", "e164"),
)
"""One row per number; columns are the fields of `core.numbers.number.Number`."""

did_events = table(
    "did_events",
    Column("e164", Text, ForeignKey("dids.e164"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("organisation", Text, ForeignKey(_ORGANISATION)),
    number("at_ms"),
    text_column("author"),
    text_column("action"),
    text_column("status"),
    text_column("reason"),
    text_column("other"),
    Column("price_micros", BigInteger, nullable=False, server_default=text("0")),
    Column("currency", Text, nullable=False, server_default=text("''")),
    Index("ix_did_events_status", "status", "organisation", "e164"),
)
"""What was done to each number, without a gap; columns are those of `ports.numbers.NumberEvent`,
and what it cost a month from then on."""

did_holders = table(
    "did_holders",
    Column("organisation", Text, ForeignKey(_ORGANISATION), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    number("at_ms"),
    text_column("author"),
    text_column("action"),
    Column("content", JSON, nullable=False),
)
"""Every version of a holder's data."""

did_files = table(
    "did_files",
    Column("document_id", Text, primary_key=True),
    Column("organisation", Text, ForeignKey(_ORGANISATION), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""The documents that holders handed in."""

did_sources = table(
    "did_sources",
    Column("source_id", Text, primary_key=True),
    Column("organisation", Text, ForeignKey(_ORGANISATION), nullable=False),
    Column("e164", Text, ForeignKey("dids.e164"), nullable=False),
    text_column("name"),
    Column("places", JSON, nullable=False),
    Column("ends_on", Text),
    Column("removed_on", Text),
    number("version"),
    Index("ix_did_sources_organisation", "organisation", "source_id"),
    Index("ix_did_sources_e164", "e164"),
)

did_notices = table(
    "did_notices",
    Column("place", COUNTER, primary_key=True),
    text_column("key"),
    Column("organisation", Text, ForeignKey(_ORGANISATION), nullable=False),
    text_column("kind"),
    text_column("day"),
    text_column("e164"),
    Column("until", Text),
    text_column("detail"),
    UniqueConstraint("key"),
    Index("ix_did_notices_organisation", "organisation", "place"),
)
"""What organisations and the operator were told, each once under its key."""

did_offers = table(
    "did_offers",
    Column("place", COUNTER, primary_key=True),
    text_column("country"),
    text_column("purpose"),
    number("price_micros"),
    text_column("currency"),
    text_column("author"),
    number("at_ms"),
)
"""Every price the catalogue ever had; the last of a country and purpose holds."""

authority_cases = table(
    "authority_cases",
    Column("case_id", Text, primary_key=True),
    Column("e164", Text, ForeignKey("dids.e164"), nullable=False),
    Column("organisation", Text, ForeignKey(_ORGANISATION)),
    *(
        text_column(name)
        for name in ("kind", "authority", "reference", "from_day", "to_day", "due_on", "status")
    ),
    text_column("outcome"),
)
"""Columns are the fields of `core.numbers.case.Case`; status and outcome are written later."""

authority_case_lines = table(
    "authority_case_lines",
    Column("place", COUNTER, primary_key=True),
    Column("case_id", Text, ForeignKey("authority_cases.case_id"), nullable=False),
    number("at_ms"),
    text_column("author"),
    text_column("action"),
    Index("ix_authority_case_lines_case", "case_id", "place"),
)
"""The cases' own audit log, written once."""
