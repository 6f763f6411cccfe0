"""Why a route came or ended with its number, and which number it went over to, or came from."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the columns; what was set so far came by edits."""
    for name in ("reason", "other"):
        column = sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))
        op.add_column("routes", column)


def downgrade() -> None:
    """Take them away again."""
    for name in ("other", "reason"):
        op.drop_column("routes", name)
