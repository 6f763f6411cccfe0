"""Who took note of a report on a caller, and when; so far nobody could, so all are open."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Add the columns and the index of open reports."""
    op.add_column("caller_notes", sa.Column("seen_by", sa.Text()))
    op.add_column("caller_notes", sa.Column("seen_ms", sa.BigInteger()))
    is_open = sa.text("kind = 'report' AND seen_ms IS NULL")
    op.create_index(
        "ix_caller_notes_open",
        "caller_notes",
        ["organisation", "at_ms"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_caller_notes_open", "caller_notes")
    for name in ("seen_ms", "seen_by"):
        op.drop_column("caller_notes", name)
