"""The tables of webhooks, beside those of the books."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.sql.schema import SchemaItem

from engine.ledger.tables import METADATA


def _text(name: str, *items: SchemaItem) -> Column[str]:
    return Column(name, Text, *items, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _organisation() -> Column[str]:
    return _text("organisation", ForeignKey("organisations.organisation"))


webhook_endpoints = Table(
    "webhook_endpoints",
    METADATA,
    Column("endpoint_id", Text, primary_key=True),
    _organisation(),
    _text("url"),
    Column("events", JSON, nullable=False),
    _number("concurrency"),
    _number("created_ms"),
    _number("generation"),
    Column("rotated_ms", BigInteger),
    _text("state"),
    _number("state_ms"),
    Column("failing_since_ms", BigInteger),
    Index("ix_webhook_endpoints_organisation", "organisation", "created_ms"),
)
"""Where webhooks go; columns are the fields of `ports.webhooks.endpoints.Endpoint`. Secrets are
derived, not kept."""

webhook_events = Table(
    "webhook_events",
    METADATA,
    Column("event_id", Text, primary_key=True),
    _organisation(),
    _text("type"),
    _text("object_id"),
    _number("at_ms"),
    _text("body"),
    Index("ix_webhook_events_at", "at_ms"),
)
"""What somebody wanted to be told, to the letter; each in the transaction that made it true."""

webhook_deliveries = Table(
    "webhook_deliveries",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    _organisation(),
    _text("endpoint_id", ForeignKey("webhook_endpoints.endpoint_id")),
    _text("event_id", ForeignKey("webhook_events.event_id", ondelete="CASCADE")),
    _number("created_ms"),
    _text("state"),
    _number("tries"),
    _number("tries_left"),
    Column("next_ms", BigInteger),
    Column("tried_ms", BigInteger),
    Column("status", Integer),
    Column("latency_ms", BigInteger),
    _text("answer"),
    UniqueConstraint("event_id", "endpoint_id"),
    Index("ix_webhook_deliveries_due", "endpoint_id", "next_ms"),
    Index("ix_webhook_deliveries_created", "organisation", "created_ms", "delivery_id"),
    Index("ix_webhook_deliveries_state", "organisation", "state", "created_ms", "delivery_id"),
    Index("ix_webhook_deliveries_endpoint", "endpoint_id", "created_ms", "delivery_id"),
)
"""Events on their way; columns are the fields of `ports.webhooks.deliveries.Delivery`."""
