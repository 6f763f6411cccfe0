"""The tables of web analytics, beside those of the books."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text

from engine.ledger.columns import number, organisation, table, text_column

collectors = table(
    "collectors",
    Column("collector_id", Text, primary_key=True),
    organisation(),
    *(text_column(name) for name in ("program", "place", "url", "number", "secret")),
    *(number(name) for name in ("added_ms", "claims", "failures", "next_ms", "sent", "given_up")),
    text_column("problem"),
    Column("problem_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Index("ix_collectors_organisation", "organisation", "added_ms"),
    Index("ix_collectors_next", "next_ms"),
)
"""Who is told of calls, until its number leaves (`ended_ms`), and how that went; the secret is
hidden."""

hits = table(
    "hits",
    Column(
        "collector_id",
        Text,
        ForeignKey("collectors.collector_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    number("at_ms"),
    Column("call_id", Text, primary_key=True),
    *(text_column(name) for name in ("source", "outcome", "length")),
    Index("ix_hits_at", "collector_id", "at_ms", "call_id"),
)
"""What is still to be told; a hit that is taken or given up is gone."""
