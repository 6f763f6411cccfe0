"""What a forwarded call costs, and the cap that kept it from more; unknown of those there are."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
_ADDED = ("cap", "currency", "minute_micros", "cost_micros")


def upgrade() -> None:
    """Add the columns."""
    empty, nothing = sa.text("''"), sa.text("0")
    columns = (
        sa.Column("cap", sa.Text()),
        sa.Column("currency", sa.Text(), nullable=False, server_default=empty),
        sa.Column("minute_micros", sa.BigInteger(), nullable=False, server_default=nothing),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False, server_default=nothing),
    )
    for column in columns:
        op.add_column("forwarded_calls", column)


def downgrade() -> None:
    """Take the columns away again."""
    for name in reversed(_ADDED):
        op.drop_column("forwarded_calls", name)
