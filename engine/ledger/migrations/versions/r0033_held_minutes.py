"""What a forwarded call that goes on holds of its route's minutes; those that go on just now hold
nothing until they ask for more."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("held_ms", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    op.add_column("forwarded_calls", column)


def downgrade() -> None:
    """Take the column away again."""
    op.drop_column("forwarded_calls", "held_ms")
