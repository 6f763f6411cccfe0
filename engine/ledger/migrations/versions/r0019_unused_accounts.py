"""Accounts on which nothing was ever booked, found at once: they are let go."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the index."""
    unused = sa.text("seq = 0")
    op.create_index(
        "ix_heads_unused",
        "heads",
        ["account_id"],
        sqlite_where=unused,
        postgresql_where=unused,
    )


def downgrade() -> None:
    """Take the index away again."""
    op.drop_index("ix_heads_unused", "heads")
