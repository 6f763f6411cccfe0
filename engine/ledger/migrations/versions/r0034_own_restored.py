"""Of which version the own dialplan was brought back; those brought back before count as typed."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("restores", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    op.add_column("config_versions", column)


def downgrade() -> None:
    """Take the column away again."""
    op.drop_column("config_versions", "restores")
