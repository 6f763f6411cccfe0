"""Replays that were begun from pages."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_TEXTS = ("author", "month", "state", "result")
_NUMBERS = ("version", "from_ms", "to_ms", "begun_ms", "seen_ms", "reached_ms", "calls")


def upgrade() -> None:
    """Make the table."""
    owner = op.f("fk_replays_organisation_organisations")
    op.create_table(
        "replays",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text()),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _NUMBERS),
        sa.Column("drafted", sa.Boolean(), nullable=False),
        sa.Column("running_of", sa.Text()),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_replays")),
        sa.UniqueConstraint("running_of", name=op.f("uq_replays_running_of")),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=owner),
    )
    op.create_index("ix_replays_begun", "replays", ["organisation", "begun_ms", "run_id"])


def downgrade() -> None:
    """Take the table away again; what was reckoned can be reckoned again."""
    op.drop_index("ix_replays_begun", "replays")
    op.drop_table("replays")
