"""Verifications of the test mode, changes told apart, and who used a proved number's token up."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns; what was there called real numbers."""
    real = sa.false()
    op.add_column(
        "verifications", sa.Column("test", sa.Boolean(), nullable=False, server_default=real)
    )
    unknown = sa.text("''")
    op.add_column(
        "verifications", sa.Column("change_id", sa.Text(), nullable=False, server_default=unknown)
    )
    op.add_column("verifications", sa.Column("consumed_by", sa.Text()))


def downgrade() -> None:
    """Take the columns away again."""
    op.drop_column("verifications", "consumed_by")
    op.drop_column("verifications", "change_id")
    op.drop_column("verifications", "test")
