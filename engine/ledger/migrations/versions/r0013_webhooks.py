"""Webhooks: endpoints, events, deliveries."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the tables and indexes."""
    op.create_table(
        "webhook_endpoints",
        *_texts("endpoint_id", "organisation", "url"),
        sa.Column("events", sa.JSON(), nullable=False),
        *_numbers("concurrency", "created_ms", "generation"),
        sa.Column("rotated_ms", sa.BigInteger(), nullable=True),
        *_texts("state"),
        *_numbers("state_ms"),
        sa.Column("failing_since_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_endpoints")),
        _organisation("webhook_endpoints"),
    )
    op.create_index(
        "ix_webhook_endpoints_organisation", "webhook_endpoints", ["organisation", "created_ms"]
    )
    op.create_table(
        "webhook_events",
        *_texts("event_id", "organisation", "type", "object_id"),
        *_numbers("at_ms"),
        *_texts("body"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_webhook_events")),
        _organisation("webhook_events"),
    )
    op.create_index("ix_webhook_events_at", "webhook_events", ["at_ms"])
    _deliveries()


def _deliveries() -> None:
    table = "webhook_deliveries"
    op.create_table(
        table,
        *_texts("delivery_id", "organisation", "endpoint_id", "event_id"),
        *_numbers("created_ms"),
        *_texts("state"),
        *_numbers("tries", "tries_left"),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("next_ms", "tried_ms")),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.BigInteger(), nullable=True),
        *_texts("answer"),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f(f"pk_{table}")),
        _organisation(table),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.endpoint_id"],
            name=op.f(f"fk_{table}_endpoint_id_webhook_endpoints"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["webhook_events.event_id"],
            name=op.f(f"fk_{table}_event_id_webhook_events"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "event_id", "endpoint_id", name=op.f(f"uq_{table}_event_id_endpoint_id")
        ),
    )
    place = ["created_ms", "delivery_id"]
    op.create_index("ix_webhook_deliveries_due", table, ["endpoint_id", "next_ms"])
    op.create_index("ix_webhook_deliveries_created", table, ["organisation", *place])
    op.create_index("ix_webhook_deliveries_state", table, ["organisation", "state", *place])
    op.create_index("ix_webhook_deliveries_endpoint", table, ["endpoint_id", *place])


def _texts(*names: str) -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(name, sa.Text(), nullable=False) for name in names)


def _numbers(*names: str) -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(name, sa.BigInteger(), nullable=False) for name in names)


def _organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_organisations")
    return sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=name)


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_events")
    op.drop_table("webhook_endpoints")
