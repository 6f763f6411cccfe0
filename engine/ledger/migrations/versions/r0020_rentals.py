"""What a number cost when something was done to it, so that its history says what is owed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_OF_NUMBERS = """
    UPDATE did_events SET
        price_micros = (SELECT price_micros FROM dids WHERE dids.e164 = did_events.e164),
        currency = (SELECT currency FROM dids WHERE dids.e164 = did_events.e164)
    WHERE status = 'active' AND EXISTS (
        SELECT 1 FROM dids WHERE dids.e164 = did_events.e164 AND dids.version = did_events.version
    )
"""


def upgrade() -> None:
    """Make columns and index; numbers that are switched on now have their price from the start."""
    price = sa.Column("price_micros", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    currency = sa.Column("currency", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("did_events", price)
    op.add_column("did_events", currency)
    op.create_index("ix_did_events_status", "did_events", ["status", "organisation", "e164"])
    op.execute(_OF_NUMBERS)


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_did_events_status", "did_events")
    op.drop_column("did_events", "currency")
    op.drop_column("did_events", "price_micros")
