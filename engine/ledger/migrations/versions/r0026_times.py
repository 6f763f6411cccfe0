"""Histograms of the times of tracking calls, from now on; medians are told of days kept since."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Make the table."""
    keys = ("organisation", "over", "day", "source", "number", "measure", "step")
    numbers = ("day", "step", "calls")
    op.create_table(
        "tracked_times",
        *(
            sa.Column(name, sa.BigInteger() if name in numbers else sa.Text(), nullable=False)
            for name in (*keys, "calls")
        ),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_tracked_times")),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["organisations.organisation"],
            name=op.f("fk_tracked_times_organisation_organisations"),
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take the table away again."""
    op.drop_table("tracked_times")
