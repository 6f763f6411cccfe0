"""The tables of probes. Times are milliseconds."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text

from engine.ledger.columns import number, organisation, table, text_column

number_healths = table(
    "number_healths",
    Column("e164", Text, ForeignKey("dids.e164"), primary_key=True),
    organisation(),
    text_column("standing"),
    number("next_ms"),
    Column("wanted_ms", BigInteger),
    text_column("call_id"),
    number("tries"),
    Column("failing_since_ms", BigInteger),
    Column("arrived_ms", BigInteger),
    Column("last_ms", BigInteger),
    Column("last_result", Text),
    Column("delay_ms", BigInteger),
    number("version"),
    Index("ix_number_healths_next", "next_ms"),
    Index("ix_number_healths_standing", "standing", "e164"),
)
"""How each number stands; columns are the fields of `core.probe.Health`."""

number_probes = table(
    "number_probes",
    Column("call_id", Text, primary_key=True),
    Column("e164", Text, ForeignKey("dids.e164"), nullable=False),
    organisation(),
    number("placed_ms"),
    text_column("result"),
    Column("delay_ms", BigInteger),
    Index("ix_number_probes_placed", "e164", "placed_ms"),
)
"""The last probes of each number; columns are the fields of `core.probe.Probe`."""

probe_outages = table(
    "probe_outages",
    Column("trunk", Text, primary_key=True),
    number("since_ms"),
    number("until_ms"),
)
"""Trunks through which no number is reached."""
