"""Histograms of the times of tracking calls, from those that are kept one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_TIMES = """
    INSERT INTO tracked_times
        (organisation, hour, day, source, number, measure, seconds, calls)
    SELECT organisation, {hour}, day, source, number, '{measure}', ({ms} + 500) / 1000, COUNT(*)
    FROM tracked_calls WHERE {ms} IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 7
"""
_MS = {
    "ring": "(COALESCE(answered_ms, ended_ms) - arrived_ms)",
    "talk": "(ended_ms - answered_ms)",
}


def upgrade() -> None:
    """Make the table and fill it; hour -1 is the whole day."""
    keys = ("organisation", "hour", "day", "source", "number", "measure", "seconds")
    numbers = ("hour", "day", "seconds", "calls")
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
    for hour in ("-1", "hour"):
        for measure, ms in _MS.items():
            op.execute(_TIMES.format(hour=hour, measure=measure, ms=ms))


def downgrade() -> None:
    """Take the table away again."""
    op.drop_table("tracked_times")
