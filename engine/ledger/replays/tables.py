"""The table of replays, as those of the books."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Text

from engine.ledger.columns import number, table, text_column

replays = table(
    "replays",
    Column("run_id", Text, primary_key=True),
    Column("organisation", Text, ForeignKey("organisations.organisation")),
    text_column("author"),
    number("version"),
    Column("drafted", Boolean, nullable=False),
    text_column("days"),
    number("from_ms"),
    number("to_ms"),
    number("begun_ms"),
    number("seen_ms"),
    number("reached_ms"),
    text_column("state"),
    number("calls"),
    text_column("result"),
    Column("running_of", Text, unique=True),
    Index("ix_replays_begun", "organisation", "begun_ms", "run_id"),
)
"""Columns are the fields of `ports.replays.Run`; while it runs, `running_of` is its organisation's
name, "" for all calls."""
