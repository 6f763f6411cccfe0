"""What an operator looks things up by: indexes, sums of calls, top-ups counted at each account,
numbers that were withheld, and how far records have let go."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_DRIVERS = ("profile", "service", "e164", "disposition", "refusal")
_DISPOSITIONS = (
    "caller_hung_up",
    "agent_hung_up",
    "money_ended",
    "limit_reached",
    "no_agent",
    "refused",
    "abandoned",
    "ended_by_operator",
    "fault",
)
_REFUSALS = (
    "not_identified",
    "caller_blocked",
    "account_blocked",
    "closed",
    "holiday",
    "balance_too_low",
    "pin_wrong",
)
_INDEXES = (
    ("ix_heads_balance", "heads", ["organisation", "balance_micros", "account_id"]),
    ("ix_heads_last_top_up", "heads", ["organisation", "last_top_up_ms", "account_id"]),
    ("ix_aliases_until", "aliases", ["until_ms"]),
    ("ix_first_calls_at", "first_calls", ["organisation", "caller_list", "at_ms", "e164"]),
    ("ix_entries_kind_at", "entries", ["organisation", "kind", "at_ms"]),
    ("ix_entries_author_at", "entries", ["organisation", "author", "at_ms"]),
    ("ix_payment_letters_received", "payment_letters", ["received_ms"]),
    ("ix_calls_organisation_ended", "calls", ["organisation", "ended_ms", "call_id"]),
    *(
        (f"ix_calls_{name}_ended", "calls", ["organisation", name, "ended_ms", "call_id"])
        for name in _DRIVERS
    ),
)
_HOUR_MS = 3_600_000
_WITHHELD = sa.text("withheld")


def upgrade() -> None:
    """Make tables, columns and indexes, filled from what is there."""
    _add_to_heads()
    _make_withheld()
    _make_sums()
    op.create_table(
        "retained",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("before_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_retained")),
    )
    op.drop_index("ix_calls_withheld", "calls")
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)


def _add_to_heads() -> None:
    for name, kind, default in (
        ("organisation", sa.Text(), "''"),
        ("top_ups", sa.BigInteger(), "0"),
        ("last_top_up_ms", sa.BigInteger(), "0"),
    ):
        column = sa.Column(name, kind, nullable=False, server_default=sa.text(default))
        op.add_column("heads", column)
    op.execute(
        """
        UPDATE heads SET
            organisation = (SELECT organisation FROM accounts
                WHERE accounts.account_id = heads.account_id),
            top_ups = (SELECT COUNT(*) FROM postings
                JOIN entries ON entries.entry_id = postings.entry_id
                WHERE postings.account_id = heads.account_id AND entries.kind = 'top_up'),
            last_top_up_ms = (SELECT COALESCE(MAX(entries.at_ms), 0) FROM postings
                JOIN entries ON entries.entry_id = postings.entry_id
                WHERE postings.account_id = heads.account_id AND entries.kind = 'top_up')
        """
    )


def _make_withheld() -> None:
    op.create_table(
        "withheld_numbers",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("e164", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "e164", name=op.f("pk_withheld_numbers")),
        _of_organisation("withheld_numbers"),
    )
    op.execute(
        """
        INSERT INTO withheld_numbers (organisation, e164)
        SELECT DISTINCT organisation, e164 FROM calls WHERE withheld AND e164 IS NOT NULL
        """
    )


def _make_sums() -> None:
    keys = ("organisation", "service", "currency")
    sums = ("calls", "joined", "talk_ms", "charged_s", "charge_micros")
    zero = sa.text("0")
    op.create_table(
        "call_sums",
        *(sa.Column(name, sa.Text(), nullable=False) for name in keys),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("hour_ms", *sums)),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, server_default=zero)
            for name in (*_DISPOSITIONS, *_REFUSALS)
        ),
        sa.PrimaryKeyConstraint(*keys, "hour_ms", name=op.f("pk_call_sums")),
        _of_organisation("call_sums"),
        sqlite_with_rowid=False,
    )
    _add_up_calls(keys)


def _add_up_calls(keys: tuple[str, ...]) -> None:
    """Fill the sums from the records there are."""
    measures = ("talk_ms", "charged_s", "charge_micros")
    columns = ("ended_ms", "joined_ms", "disposition", "refusal", *keys, *measures)
    calls = sa.table("calls", *(sa.column(name) for name in columns)).c
    sums = sa.table("call_sums")
    hour_ms = (calls.ended_ms - calls.ended_ms % _HOUR_MS).label("hour_ms")
    groups = *(calls[name] for name in keys), hour_ms
    outcome = sa.func.coalesce(calls.refusal, calls.disposition)
    counted = {
        "calls": sa.func.count(),
        "joined": sa.func.count(calls.joined_ms),
        **{name: sa.func.sum(calls[name]) for name in measures},
        **{name: sa.func.count().filter(outcome == name) for name in (*_DISPOSITIONS, *_REFUSALS)},
    }
    names = [*keys, "hour_ms", *counted]
    for name in names:
        sums.append_column(sa.column(name))
    op.execute(
        sa.insert(sums).from_select(names, sa.select(*groups, *counted.values()).group_by(*groups))
    )


def _of_organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_organisations")
    return sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=name)


def downgrade() -> None:
    """Take all of it away again."""
    for name, table, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    op.create_index(
        "ix_calls_withheld",
        "calls",
        ["account_id", "e164"],
        sqlite_where=_WITHHELD,
        postgresql_where=_WITHHELD,
    )
    for table in ("retained", "call_sums", "withheld_numbers"):
        op.drop_table(table)
    for name in ("last_top_up_ms", "top_ups", "organisation"):
        op.drop_column("heads", name)
