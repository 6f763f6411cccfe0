"""Marks found by their number and by their age, verifications by their end, and when money that
came for an order was set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_OF_ORDERS = """
    UPDATE payment_orders SET set_aside_ms = (
        SELECT MIN(entries.at_ms) FROM entries
        WHERE entries.key = 'suspense:' || payment_orders.profile || ':' || payment_orders.provider
            || ':' || payment_orders.provider_ref
    ) WHERE provider_ref <> ''
"""


def upgrade() -> None:
    """Make indexes and column, filled as far as an entry's key names its order."""
    op.create_index("ix_first_calls_number", "first_calls", ["organisation", "e164"])
    op.create_index("ix_first_calls_age", "first_calls", ["at_ms"])
    op.create_index("ix_verifications_ended", "verifications", ["ended_ms", "verification_id"])
    op.add_column("payment_orders", sa.Column("set_aside_ms", sa.BigInteger()))
    op.execute(_OF_ORDERS)


def downgrade() -> None:
    """Take them away again."""
    op.drop_column("payment_orders", "set_aside_ms")
    op.drop_index("ix_verifications_ended", "verifications")
    op.drop_index("ix_first_calls_age", "first_calls")
    op.drop_index("ix_first_calls_number", "first_calls")
