"""Verifications, and what organisations are to be told of."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables and indexes."""
    op.create_table(
        "verifications",
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        *(sa.Column(name, sa.Text()) for name in ("e164", "step", "last_failure", "method")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _NUMBERS),
        *(sa.Column(name, sa.BigInteger()) for name in _TIMES),
        sa.Column("rate", sa.JSON(), nullable=False),
        sa.Column("code_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_verifications")),
        _of_organisation("verifications"),
    )
    placed = ["organisation", "created_ms", "verification_id"]
    op.create_index("ix_verifications_created", "verifications", placed)
    op.create_index("ix_verifications_due", "verifications", ["due_ms"])
    op.create_table(
        "webhook_outbox",
        sa.Column("notice_id", _COUNTER, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("organisation", "topic", "subject_id", "payload")
        ),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("delivered_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_webhook_outbox")),
        sa.UniqueConstraint("topic", "subject_id", name=op.f("uq_webhook_outbox_topic_subject_id")),
        _of_organisation("webhook_outbox"),
    )


_TEXTS = (
    "verification_id",
    "organisation",
    "merchant",
    "reference",
    "mode",
    "lang",
    "address_key",
    "seed",
    "currency",
    "status",
    "reason",
)
_NUMBERS = (
    "code_digits",
    "retry_after_s",
    "created_ms",
    "expires_ms",
    "tries_left",
    "calls_left",
    "calls",
    "charge_micros",
    "version",
)
_TIMES = ("due_ms", "answered_ms", "call_ended_ms", "ended_ms")


def _of_organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_organisations")
    return sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=name)


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("webhook_outbox")
    op.drop_table("verifications")
