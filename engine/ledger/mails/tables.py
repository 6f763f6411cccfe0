"""The table of mails, beside those of the books."""

from sqlalchemy import BigInteger, Column, Index, Text

from engine.ledger.columns import number, organisation, table, text_column

mails = table(
    "mails",
    Column("key", Text, primary_key=True),
    organisation(),
    text_column("recipient"),
    text_column("subject"),
    text_column("text"),
    number("queued_ms"),
    text_column("state"),
    number("tries"),
    Column("next_ms", BigInteger),
    text_column("problem"),
    Index("ix_mails_next", "next_ms"),
    Index("ix_mails_queued", "queued_ms"),
)
"""Mails and how they stand; `next_ms` is null once they wait no longer."""
