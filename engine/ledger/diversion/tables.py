"""The tables of routes, which are only added to, and of forwarded calls."""

from sqlalchemy import JSON, BigInteger, Column, Index, Text, text

from engine.ledger.columns import number, organisation, table, text_column

routes = table(
    "routes",
    Column("number", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    organisation(),
    Column("purpose", Text),
    Column("terms", JSON(none_as_null=True)),
    text_column("author"),
    number("at_ms"),
    *(
        Column(name, Text, nullable=False, server_default=text("''"))
        for name in ("reason", "other")
    ),
    Index("ix_routes_organisation", "organisation", "number", "version"),
)
"""Every version of every route; without purpose and terms it was deleted."""

forwarded_calls = table(
    "forwarded_calls",
    Column("call_id", Text, primary_key=True),
    organisation(),
    text_column("number"),
    number("route_version"),
    Column("caller", Text),
    text_column("caller_class"),
    Column("target", Text),
    Column("outcome", Text),
    number("arrived_ms"),
    Column("joined_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("held_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("cap", Text),
    Column("currency", Text, nullable=False, server_default=text("''")),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in ("minute_micros", "cost_micros")
    ),
    Index("ix_forwarded_calls_number", "number", "arrived_ms"),
    Index("ix_forwarded_calls_arrived", "organisation", "arrived_ms", "call_id"),
)
"""Forwarded calls; columns are the fields of `core.diversion.record.ForwardedCall`. One that goes
on has no end, and counts with the time that it holds, and with its cost."""
