"""The tables of webhooks, beside those of the books."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)

from engine.ledger.columns import number, organisation, table, text_column

webhook_endpoints = table(
    "webhook_endpoints",
    Column("endpoint_id", Text, primary_key=True),
    organisation(),
    text_column("url"),
    Column("events", JSON, nullable=False),
    number("concurrency"),
    number("created_ms"),
    number("generation"),
    Column("rotated_ms", BigInteger),
    text_column("state"),
    number("state_ms"),
    Column("failing_since_ms", BigInteger),
    Index("ix_webhook_endpoints_organisation", "organisation", "created_ms"),
)
"""Where webhooks go; columns are the fields of `ports.webhooks.endpoints.Endpoint`. Secrets are
derived, not kept."""

webhook_events = table(
    "webhook_events",
    Column("event_id", Text, primary_key=True),
    organisation(),
    text_column("type"),
    text_column("object_id"),
    number("at_ms"),
    text_column("body"),
    Index("ix_webhook_events_at", "at_ms"),
)
"""What somebody wanted to be told, to the letter; each in the transaction that made it true."""

webhook_deliveries = table(
    "webhook_deliveries",
    Column("delivery_id", Text, primary_key=True),
    organisation(),
    text_column("endpoint_id", ForeignKey("webhook_endpoints.endpoint_id")),
    text_column("event_id", ForeignKey("webhook_events.event_id", ondelete="CASCADE")),
    number("created_ms"),
    text_column("state"),
    number("tries"),
    number("tries_left"),
    Column("next_ms", BigInteger),
    Column("tried_ms", BigInteger),
    Column("status", Integer),
    Column("latency_ms", BigInteger),
    text_column("answer"),
    UniqueConstraint("event_id", "endpoint_id"),
    Index("ix_webhook_deliveries_due", "endpoint_id", "next_ms"),
    Index("ix_webhook_deliveries_created", "organisation", "created_ms", "delivery_id"),
    Index("ix_webhook_deliveries_state", "organisation", "state", "created_ms", "delivery_id"),
    Index("ix_webhook_deliveries_endpoint", "endpoint_id", "created_ms", "delivery_id"),
)
"""Events on their way; columns are the fields of `ports.webhooks.deliveries.Delivery`."""
