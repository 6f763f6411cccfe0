"""Routes of numbers, and the calls that were forwarded by them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the tables and indexes."""
    op.create_table(
        "routes",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text()),
        sa.Column("terms", sa.JSON(none_as_null=True)),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", "version", name=op.f("pk_routes")),
        _of_organisation("routes"),
    )
    op.create_index("ix_routes_organisation", "routes", ["organisation", "number", "version"])
    op.create_table(
        "forwarded_calls",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("call_id", "organisation", "number", "caller_class")
        ),
        *(sa.Column(name, sa.Text()) for name in ("caller", "target", "outcome")),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("route_version", "arrived_ms")
        ),
        *(sa.Column(name, sa.BigInteger()) for name in ("joined_ms", "ended_ms")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_forwarded_calls")),
        _of_organisation("forwarded_calls"),
    )
    op.create_index("ix_forwarded_calls_number", "forwarded_calls", ["number", "arrived_ms"])
    arrived = ["organisation", "arrived_ms", "call_id"]
    op.create_index("ix_forwarded_calls_arrived", "forwarded_calls", arrived)


def _of_organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_organisations")
    return sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=name)


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("forwarded_calls")
    op.drop_table("routes")
