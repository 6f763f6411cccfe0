"""What was held of the money when, and who was joined when; of older calls neither was kept.

What each side heard stays where it is: rows there have more places from now on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("calls", sa.Column("slices", sa.JSON()))
    op.add_column("calls", sa.Column("stays", sa.JSON()))


def downgrade() -> None:
    """Take the columns away again."""
    op.drop_column("calls", "stays")
    op.drop_column("calls", "slices")
