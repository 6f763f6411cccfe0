"""The table of verifications, as those of the books."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Text, false, text

from engine.ledger.columns import number, organisation, table, text_column

verifications = table(
    "verifications",
    Column("verification_id", Text, primary_key=True),
    organisation(),
    text_column("merchant"),
    text_column("reference"),
    Column("e164", Text),
    text_column("mode"),
    text_column("lang"),
    text_column("address_key"),
    text_column("seed"),
    number("code_digits"),
    number("retry_after_s"),
    text_column("currency"),
    Column("rate", JSON, nullable=False),
    number("created_ms"),
    number("expires_ms"),
    number("tries_left"),
    number("calls_left"),
    text_column("status"),
    text_column("reason"),
    Column("due_ms", BigInteger),
    number("calls"),
    Column("step", Text),
    Column("last_failure", Text),
    Column("code_told", Boolean, nullable=False),
    Column("answered_ms", BigInteger),
    Column("call_ended_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("method", Text),
    number("charge_micros"),
    Column("test", Boolean, nullable=False, server_default=false()),
    number("version"),
    Column("change_id", Text, nullable=False, server_default=text("''")),
    Column("consumed_by", Text),
    Index("ix_verifications_created", "organisation", "created_ms", "verification_id"),
    Index("ix_verifications_due", "due_ms"),
    Index("ix_verifications_ended", "ended_ms", "verification_id"),
)
"""Verifications; columns are the fields of `core.verification.Verification`, and `consumed_by`:
which request used up the token that says the number is proved."""
