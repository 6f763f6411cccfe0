"""The stock of numbers, who has them, and what was done to them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_numbers()
    _make_holders()
    _make_sources()
    _make_offers()
    _make_cases()


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _of_organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_organisations")
    return sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=name)


def _of_number(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["e164"], ["dids.e164"], name=op.f(f"fk_{table}_e164_dids"))


def _version() -> sa.Column[int]:
    return sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False)


def _make_numbers() -> None:
    days = ("starts_on", "active_since", "last_call_on", "quarantined_until")
    op.create_table(
        "dids",
        *(_text(name) for name in ("e164", "country", "area_code", "status")),
        *(_text(name, nullable=True) for name in ("organisation", "purpose", "order_key")),
        _number("price_micros"),
        _text("currency"),
        *(_text(name, nullable=True) for name in days),
        _number("version"),
        sa.PrimaryKeyConstraint("e164", name=op.f("pk_dids")),
        sa.UniqueConstraint(
            "organisation", "order_key", name=op.f("uq_dids_organisation_order_key")
        ),
        _of_organisation("dids"),
    )
    op.create_index("ix_dids_area", "dids", ["country", "area_code", "status", "e164"])
    op.create_index("ix_dids_organisation", "dids", ["organisation", "e164"])
    op.create_index("ix_dids_status", "dids", ["status", "e164"])
    op.create_table(
        "did_events",
        _text("e164"),
        _version(),
        _text("organisation", nullable=True),
        _number("at_ms"),
        *(_text(name) for name in ("author", "action", "status", "reason", "other")),
        sa.PrimaryKeyConstraint("e164", "version", name=op.f("pk_did_events")),
        _of_number("did_events"),
        _of_organisation("did_events"),
    )


def _make_holders() -> None:
    op.create_table(
        "did_holders",
        _text("organisation"),
        _version(),
        _number("at_ms"),
        _text("author"),
        _text("action"),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "version", name=op.f("pk_did_holders")),
        _of_organisation("did_holders"),
    )
    op.create_table(
        "did_files",
        _text("document_id"),
        _text("organisation"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_did_files")),
        _of_organisation("did_files"),
    )


def _make_sources() -> None:
    op.create_table(
        "did_sources",
        *(_text(name) for name in ("source_id", "organisation", "e164", "name")),
        sa.Column("places", sa.JSON(), nullable=False),
        _text("ends_on", nullable=True),
        _text("removed_on", nullable=True),
        _number("version"),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_did_sources")),
        _of_organisation("did_sources"),
        _of_number("did_sources"),
    )
    op.create_index("ix_did_sources_organisation", "did_sources", ["organisation", "source_id"])
    op.create_index("ix_did_sources_e164", "did_sources", ["e164"])


def _make_offers() -> None:
    op.create_table(
        "did_notices",
        sa.Column("place", _COUNTER, nullable=False),
        *(_text(name) for name in ("key", "organisation", "kind", "day", "e164")),
        _text("until", nullable=True),
        _text("detail"),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_did_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_did_notices_key")),
        _of_organisation("did_notices"),
    )
    op.create_index("ix_did_notices_organisation", "did_notices", ["organisation", "place"])
    op.create_table(
        "did_offers",
        sa.Column("place", _COUNTER, nullable=False),
        _text("country"),
        _text("purpose"),
        _number("price_micros"),
        _text("currency"),
        _text("author"),
        _number("at_ms"),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_did_offers")),
    )


def _make_cases() -> None:
    days = ("from_day", "to_day", "due_on")
    op.create_table(
        "authority_cases",
        _text("case_id"),
        _text("e164"),
        _text("organisation", nullable=True),
        *(_text(name) for name in ("kind", "authority", "reference", *days, "status", "outcome")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_authority_cases")),
        _of_number("authority_cases"),
        _of_organisation("authority_cases"),
    )
    op.create_table(
        "authority_case_lines",
        sa.Column("place", _COUNTER, nullable=False),
        _text("case_id"),
        _number("at_ms"),
        _text("author"),
        _text("action"),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_authority_case_lines")),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["authority_cases.case_id"],
            name=op.f("fk_authority_case_lines_case_id_authority_cases"),
        ),
    )
    op.create_index("ix_authority_case_lines_case", "authority_case_lines", ["case_id", "place"])


def downgrade() -> None:
    """Take the tables away again."""
    for table in (
        "authority_case_lines",
        "authority_cases",
        "did_offers",
        "did_notices",
        "did_sources",
        "did_files",
        "did_holders",
        "did_events",
        "dids",
    ):
        op.drop_table(table)
