"""Replays are of a day or of a month: the column that names which."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Name the column by what is in it."""
    op.execute("ALTER TABLE replays RENAME COLUMN month TO days")


def downgrade() -> None:
    """Name it as before."""
    op.execute("ALTER TABLE replays RENAME COLUMN days TO month")
