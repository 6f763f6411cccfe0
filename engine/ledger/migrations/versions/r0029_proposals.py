"""Versions are proposed to engines before they are put in force; engines name what they refuse."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Make the tables and add the columns."""
    op.create_table(
        "config_proposals",
        sa.Column("proposal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("proposed_ms", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("proposal", name=op.f("pk_config_proposals")),
    )
    op.create_table(
        "config_answers",
        sa.Column("proposal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("unsaid", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("proposal", "engine", name=op.f("pk_config_answers")),
        sa.ForeignKeyConstraint(
            ["proposal"],
            ["config_proposals.proposal"],
            name=op.f("fk_config_answers_proposal_config_proposals"),
            ondelete="CASCADE",
        ),
    )
    refused = sa.Column("refused", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    op.add_column("config_views", refused)
    op.add_column("config_views", sa.Column("unsaid", sa.JSON()))


def downgrade() -> None:
    """Take them away again."""
    op.drop_column("config_views", "unsaid")
    op.drop_column("config_views", "refused")
    op.drop_table("config_answers")
    op.drop_table("config_proposals")
