"""Keys and answers of the operators' interface, and indexes for its lists."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_WITHHELD = sa.text("withheld")


def upgrade() -> None:
    """Make the tables and indexes."""
    _make_keys()
    _make_answers()
    op.create_index("ix_accounts_organisation", "accounts", ["organisation", "account_id"])
    op.create_index("ix_aliases_number", "aliases", ["organisation", "e164"])
    op.create_index(
        "ix_calls_withheld",
        "calls",
        ["account_id", "e164"],
        sqlite_where=_WITHHELD,
        postgresql_where=_WITHHELD,
    )


def _make_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
        _of_organisation("api_keys"),
    )
    op.create_index("ix_api_keys_created", "api_keys", ["organisation", "created_ms"])


def _make_answers() -> None:
    op.create_table(
        "api_answers",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("body", sa.Text()),
        sa.PrimaryKeyConstraint("organisation", "key", name=op.f("pk_api_answers")),
        _of_organisation("api_answers"),
    )
    op.create_index("ix_api_answers_begun", "api_answers", ["begun_ms"])


def _of_organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_organisations")
    return sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=name)


def downgrade() -> None:
    """Take the tables and indexes away again."""
    op.drop_index("ix_calls_withheld", "calls")
    op.drop_index("ix_aliases_number", "aliases")
    op.drop_index("ix_accounts_organisation", "accounts")
    op.drop_table("api_answers")
    op.drop_table("api_keys")
