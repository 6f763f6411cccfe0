"""The own dialplan in each version, and whether an engine can change its Asterisk.

The versions there are do not know theirs: the first engine that starts tells them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Make the columns."""
    op.add_column("config_versions", sa.Column("own", sa.JSON()))
    op.add_column(
        "config_versions",
        sa.Column("own_hash", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
    op.add_column(
        "config_views",
        sa.Column("asterisk", sa.Boolean(), nullable=False, server_default=sa.true()),
    )


def downgrade() -> None:
    """Take the columns away again."""
    op.drop_column("config_views", "asterisk")
    op.drop_column("config_versions", "own_hash")
    op.drop_column("config_versions", "own")
