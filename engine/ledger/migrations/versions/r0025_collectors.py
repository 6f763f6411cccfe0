"""Collectors that tracking calls are told to, and the hits that wait for them."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "collectors",
        *_texts("collector_id", "organisation", "program", "place", "url", "number", "secret"),
        *_numbers("added_ms", "claims", "failures", "next_ms", "sent", "given_up"),
        *_texts("problem"),
        sa.Column("problem_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("collector_id", name=op.f("pk_collectors")),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["organisations.organisation"],
            name=op.f("fk_collectors_organisation_organisations"),
        ),
    )
    op.create_index("ix_collectors_organisation", "collectors", ["organisation", "added_ms"])
    op.create_index("ix_collectors_next", "collectors", ["next_ms"])
    op.create_table(
        "hits",
        *_texts("collector_id"),
        *_numbers("at_ms"),
        *_texts("call_id", "source", "outcome", "length"),
        sa.PrimaryKeyConstraint("collector_id", "call_id", name=op.f("pk_hits")),
        sa.ForeignKeyConstraint(
            ["collector_id"],
            ["collectors.collector_id"],
            name=op.f("fk_hits_collector_id_collectors"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_hits_at", "hits", ["collector_id", "at_ms", "call_id"])


def _texts(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text(), nullable=False) for name in names)


def _numbers(*names: str) -> tuple[sa.Column[int], ...]:
    return tuple(sa.Column(name, sa.BigInteger(), nullable=False) for name in names)


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("hits")
    op.drop_table("collectors")
