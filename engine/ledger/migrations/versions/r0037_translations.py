"""Why an engine refuses a version, in other languages than English; told before this: in none."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add the column."""
    op.add_column("config_views", sa.Column("translations", sa.JSON()))


def downgrade() -> None:
    """Take the column away again."""
    op.drop_column("config_views", "translations")
