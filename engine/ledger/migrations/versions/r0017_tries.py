"""Tries to sign in counted by where they come from, no more by user alone."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table; what was counted so far is forgotten."""
    op.create_table(
        "tries",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "source", name=op.f("pk_tries")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_tries_user_id_users")
        ),
    )
    for name in ("tries", "tries_until_ms"):
        op.drop_column("users", name)


def downgrade() -> None:
    """Take it away again."""
    nothing = sa.text("0")
    for name, kind in (("tries", sa.Integer()), ("tries_until_ms", sa.BigInteger())):
        op.add_column("users", sa.Column(name, kind, nullable=False, server_default=nothing))
    op.drop_table("tries")
