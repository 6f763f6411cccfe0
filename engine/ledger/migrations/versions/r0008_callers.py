"""Notes on callers, and callers who are let in no more."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables and indexes."""
    op.create_table(
        "caller_notes",
        sa.Column("note_id", sa.Text(), nullable=False),
        *_of_caller(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_caller_notes")),
        *_foreign("caller_notes"),
    )
    op.create_index("ix_caller_notes_account", "caller_notes", ["account_id", "at_ms"])
    op.create_index("ix_caller_notes_kind", "caller_notes", ["organisation", "kind", "at_ms"])
    op.create_table(
        "blocked_callers",
        *_of_caller(),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_blocked_callers")),
        *_foreign("blocked_callers"),
    )
    op.create_index("ix_blocked_callers", "blocked_callers", ["organisation", "account_id"])


def _of_caller() -> tuple[sa.Column[str] | sa.Column[int], ...]:
    return (
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
    )


def _foreign(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    owner = op.f(f"fk_{table}_organisation_organisations")
    account = op.f(f"fk_{table}_account_id_accounts")
    return (
        sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=owner),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=account),
    )


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("blocked_callers")
    op.drop_table("caller_notes")
