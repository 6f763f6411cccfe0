"""Tracking calls with their sums and keys, and mails on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the tables."""
    _make_calls()
    _make_keys()
    _make_sums()
    op.create_table(
        "tracked_terms",
        _text("organisation"),
        *_numbers("callers_least", "key_months"),
        sa.Column("mails", sa.JSON(), nullable=False),
        _text("lang"),
        sa.PrimaryKeyConstraint("organisation", name=op.f("pk_tracked_terms")),
        _of_organisation("tracked_terms"),
    )
    _make_mails()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _numbers(*names: str) -> tuple[sa.Column[int], ...]:
    return tuple(
        sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False) for name in names
    )


def _of_organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_organisations")
    return sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=name)


def _make_calls() -> None:
    table = "tracked_calls"
    op.create_table(
        table,
        *(_text(name) for name in ("call_id", "organisation", "number", "source")),
        *_numbers("arrived_ms"),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        *_numbers("ended_ms"),
        _text("outcome"),
        sa.Column("target", sa.BigInteger(), nullable=True),
        _text("timezone"),
        *_numbers("day", "hour"),
        *(_text(name) for name in ("country", "area", "line", "seen")),
        sa.PrimaryKeyConstraint("call_id", name=op.f(f"pk_{table}")),
        _of_organisation(table),
    )
    places = ["organisation", "arrived_ms", "call_id"]
    op.create_index("ix_tracked_calls_organisation", table, places)
    op.create_index("ix_tracked_calls_arrived", table, ["arrived_ms"])


def _make_keys() -> None:
    period = ["organisation", "first", "after"]
    op.create_table(
        "tracked_keys",
        _text("organisation"),
        *_numbers("first", "after"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(*period, name=op.f("pk_tracked_keys")),
        _of_organisation("tracked_keys"),
    )
    op.create_table(
        "tracked_callers",
        _text("organisation"),
        *_numbers("first", "after"),
        sa.Column("caller_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(*period, "caller_hash", name=op.f("pk_tracked_callers")),
        sa.ForeignKeyConstraint(
            period,
            [f"tracked_keys.{name}" for name in period],
            name=op.f("fk_tracked_callers_organisation_first_after_tracked_keys"),
        ),
        sqlite_with_rowid=False,
    )


def _make_sums() -> None:
    keys = ["organisation", "hour", "day", "source", "number"]
    counts = ("calls", "answered", "abandoned", "busy", "failed")
    op.create_table(
        "tracked_sums",
        _text("organisation"),
        *_numbers("hour", "day"),
        *(_text(name) for name in ("source", "number")),
        *_numbers(*counts, "ring_ms", "talk_ms", "firsts", "repeats"),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_tracked_sums")),
        _of_organisation("tracked_sums"),
        sqlite_with_rowid=False,
    )
    keys = ["organisation", "month", "source", "number", "country", "area", "line"]
    op.create_table(
        "tracked_origins",
        _text("organisation"),
        *_numbers("month"),
        *(_text(name) for name in keys[2:]),
        *_numbers("calls", "firsts"),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_tracked_origins")),
        _of_organisation("tracked_origins"),
        sqlite_with_rowid=False,
    )


def _make_mails() -> None:
    op.create_table(
        "mails",
        *(_text(name) for name in ("key", "organisation", "recipient", "subject", "text")),
        *_numbers("queued_ms"),
        _text("state"),
        *_numbers("tries"),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        _text("problem"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_mails")),
        _of_organisation("mails"),
    )
    op.create_index("ix_mails_next", "mails", ["next_ms"])
    op.create_index("ix_mails_queued", "mails", ["queued_ms"])


def downgrade() -> None:
    """Take the tables away again."""
    for table in (
        "mails",
        "tracked_terms",
        "tracked_origins",
        "tracked_sums",
        "tracked_callers",
        "tracked_keys",
        "tracked_calls",
    ):
        op.drop_table(table)
