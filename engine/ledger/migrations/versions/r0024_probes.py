"""Probes: how numbers stand, their last probes, and trunks that are out."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Make the tables and indexes."""
    op.create_table(
        "number_healths",
        *_texts("e164", "organisation", "standing", "call_id"),
        *_numbers("next_ms", "tries", "version"),
        sa.Column("last_result", sa.Text()),
        *(
            sa.Column(name, sa.BigInteger())
            for name in ("wanted_ms", "failing_since_ms", "arrived_ms", "last_ms", "delay_ms")
        ),
        sa.PrimaryKeyConstraint("e164", name=op.f("pk_number_healths")),
        *_of_number("number_healths"),
    )
    op.create_index("ix_number_healths_next", "number_healths", ["next_ms"])
    op.create_index("ix_number_healths_standing", "number_healths", ["standing", "e164"])
    op.create_table(
        "number_probes",
        *_texts("call_id", "e164", "organisation", "result"),
        *_numbers("placed_ms"),
        sa.Column("delay_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_number_probes")),
        *_of_number("number_probes"),
    )
    op.create_index("ix_number_probes_placed", "number_probes", ["e164", "placed_ms"])
    op.create_table(
        "probe_outages",
        *_texts("trunk"),
        *_numbers("since_ms", "until_ms"),
        sa.PrimaryKeyConstraint("trunk", name=op.f("pk_probe_outages")),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _of_number(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(["e164"], ["dids.e164"], name=op.f(f"fk_{table}_e164_dids")),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["organisations.organisation"],
            name=op.f(f"fk_{table}_organisation_organisations"),
        ),
    ]


def downgrade() -> None:
    """Take the tables away again."""
    for table in ("probe_outages", "number_probes", "number_healths"):
        op.drop_table(table)
