"""What finds a profile's accounts, and an organisation's entries of a month."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_accounts_profile", "accounts", ["profile"])
    op.create_index("ix_entries_organisation_at", "entries", ["organisation", "at_ms"])


def downgrade() -> None:
    """Take the indexes away again."""
    op.drop_index("ix_entries_organisation_at", "entries")
    op.drop_index("ix_accounts_profile", "accounts")
