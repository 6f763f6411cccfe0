"""The number that an order was typed with; of older orders it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    unknown = sa.text("''")
    column = sa.Column("e164", sa.Text(), nullable=False, server_default=unknown)
    op.add_column("payment_orders", column)


def downgrade() -> None:
    """Take the column away again."""
    op.drop_column("payment_orders", "e164")
