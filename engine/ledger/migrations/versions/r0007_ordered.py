"""What people ordered of a call while it lived; of older calls nothing was."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("calls", sa.Column("ordered", sa.JSON()))


def downgrade() -> None:
    """Take the column away again."""
    op.drop_column("calls", "ordered")
