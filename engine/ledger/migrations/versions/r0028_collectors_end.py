"""Collectors of one number end with its tenure; those whose number has left before end here."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

_OF_NUMBERS_THAT_LEFT = """
    UPDATE collectors SET ended_ms = (
        SELECT max(at_ms) FROM did_events WHERE did_events.e164 = collectors.number
    )
    WHERE number <> '' AND NOT EXISTS (
        SELECT 1 FROM dids
        WHERE dids.e164 = collectors.number AND dids.organisation = collectors.organisation
    )
"""


def upgrade() -> None:
    """Make the column."""
    op.add_column("collectors", sa.Column("ended_ms", sa.BigInteger()))
    op.execute(_OF_NUMBERS_THAT_LEFT)


def downgrade() -> None:
    """Take the column away again."""
    op.drop_column("collectors", "ended_ms")
