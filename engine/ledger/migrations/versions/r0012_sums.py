"""Sums of days beside those of hours, in the order of their time, sums of payments, the lines
of an account in the order of their time, and notes in that of theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_MEASURES = ("calls", "joined", "talk_ms", "charged_s", "charge_micros")
_OUTCOMES = (
    "caller_hung_up",
    "agent_hung_up",
    "money_ended",
    "limit_reached",
    "no_agent",
    "refused",
    "abandoned",
    "ended_by_operator",
    "fault",
    "not_identified",
    "caller_blocked",
    "account_blocked",
    "closed",
    "holiday",
    "balance_too_low",
    "pin_wrong",
)
_OF_CALLS = ("service", "currency")
_OF_PAYMENTS = ("profile", "counter", "currency")
_PAID = ("count", "micros", "reversals", "reversed_micros")
_DAY_MS = 86_400_000


def upgrade() -> None:
    """Make tables, column and index, filled from what is there."""
    counted = (*_MEASURES, *_OUTCOMES)
    op.execute("CREATE TEMPORARY TABLE hours_aside AS SELECT * FROM call_sums")
    op.drop_table("call_sums")
    _make("call_sums", ("span_h", "from_ms", *_OF_CALLS))
    aside = _named("hours_aside", "hour_ms", *_OF_CALLS, *counted)
    _fill("call_sums", (*_OF_CALLS, *counted), sa.select(
        aside.c.organisation, sa.literal_column("1"), aside.c.hour_ms,
        *(aside.c[name] for name in (*_OF_CALLS, *counted)),
    ))  # fmt: skip
    op.execute("DROP TABLE hours_aside")
    _add_up_days("call_sums", _OF_CALLS, counted)
    _make("top_up_sums", ("span_h", "from_ms", *_OF_PAYMENTS))
    op.execute(_HOURS_OF_PAYMENTS)
    _add_up_days("top_up_sums", _OF_PAYMENTS, _PAID)
    op.add_column("postings", sa.Column("at_ms", sa.BigInteger()))
    op.execute(_TIMES_OF_LINES)
    op.create_index(
        "ix_postings_account_at",
        "postings",
        ["account_id", "at_ms", "entry_id", "line"],
        sqlite_where=_CUSTOMERS,
        postgresql_where=_CUSTOMERS,
    )
    op.create_index("ix_caller_notes_at", "caller_notes", ["at_ms"])


_CUSTOMERS = sa.text("account_id IS NOT NULL")
_TIMES_OF_LINES = """
    UPDATE postings SET at_ms =
        (SELECT entries.at_ms FROM entries WHERE entries.entry_id = postings.entry_id)
    WHERE account_id IS NOT NULL
"""
_HOURS_OF_PAYMENTS = """
    INSERT INTO top_up_sums (organisation, span_h, from_ms, profile, counter, currency,
        count, micros, reversals, reversed_micros)
    SELECT organisation, 1, from_ms, profile, account, currency,
        SUM(came), SUM(-micros * came), SUM(1 - came), SUM(micros * (1 - came))
    FROM (
        SELECT entries.organisation, entries.at_ms - entries.at_ms % 3600000 AS from_ms,
            (SELECT MIN(accounts.profile) FROM accounts
                JOIN postings AS theirs ON theirs.account_id = accounts.account_id
                WHERE theirs.entry_id = entries.entry_id) AS profile,
            postings.account, entries.currency, postings.micros,
            CASE WHEN entries.kind = 'top_up' THEN 1 ELSE 0 END AS came
        FROM entries JOIN postings ON postings.entry_id = entries.entry_id
        WHERE entries.kind IN ('top_up', 'refund', 'reversal') AND postings.account_id IS NULL
    ) AS lines
    GROUP BY organisation, from_ms, profile, account, currency
"""


def _make(table: str, keys: tuple[str, ...]) -> None:
    kinds = {"span_h": sa.Integer(), "from_ms": sa.BigInteger(), "hour_ms": sa.BigInteger()}
    measures, outcomes = (_PAID, ()) if table == "top_up_sums" else (_MEASURES, _OUTCOMES)
    zero = sa.text("0")
    keys = ("organisation", *keys)
    op.create_table(
        table,
        *(sa.Column(name, kinds.get(name, sa.Text()), nullable=False) for name in keys),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in measures),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, server_default=zero)
            for name in outcomes
        ),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["organisations.organisation"],
            name=op.f(f"fk_{table}_organisation_organisations"),
        ),
        sqlite_with_rowid=False,
    )


def _named(table: str, *names: str) -> sa.TableClause:
    return sa.table(table, *(sa.column(name) for name in ("organisation", *names)))


def _fill(table: str, names: tuple[str, ...], rows: sa.Select[tuple[object, ...]]) -> None:
    spans = _named(table, "span_h", "from_ms", *names)
    op.execute(sa.insert(spans).from_select([column.name for column in spans.columns], rows))


def _add_up_days(table: str, keys: tuple[str, ...], counted: tuple[str, ...]) -> None:
    hours = _named(table, "span_h", "from_ms", *keys, *counted).c
    day_ms = (hours.from_ms - hours.from_ms % _DAY_MS).label("day_ms")
    groups = hours.organisation, day_ms, *(hours[name] for name in keys)
    _fill(table, (*keys, *counted), sa.select(
        hours.organisation, sa.literal_column("24"), *groups[1:],
        *(sa.func.sum(hours[name]) for name in counted),
    ).where(hours.span_h == 1).group_by(*groups))  # fmt: skip


def downgrade() -> None:
    """Take the days, the payments and the times away again."""
    op.drop_index("ix_caller_notes_at", "caller_notes")
    op.drop_index("ix_postings_account_at", "postings")
    op.drop_column("postings", "at_ms")
    op.drop_table("top_up_sums")
    op.execute("CREATE TEMPORARY TABLE hours_aside AS SELECT * FROM call_sums WHERE span_h = 1")
    op.drop_table("call_sums")
    _make("call_sums", (*_OF_CALLS, "hour_ms"))
    told = (*_OF_CALLS, *_MEASURES, *_OUTCOMES)
    aside, hours = _named("hours_aside", "from_ms", *told).c, _named("call_sums", "hour_ms", *told)
    op.execute(
        sa.insert(hours).from_select([column.name for column in hours.columns], sa.select(*aside))
    )
    op.execute("DROP TABLE hours_aside")
