"""Routes of numbers that left their holder before routes ended with them: each ends now, by whom
and why its number left. None of them has gone over to a successor."""

from alembic import op

revision = "0027"
down_revision = "0026"

_ENDS = """
INSERT INTO routes (number, version, organisation, author, at_ms, reason, other)
SELECT route.number, route.version + 1, route.organisation,
       left_by.author, left_by.at_ms, left_by.reason, ''
FROM routes AS route
JOIN dids ON dids.e164 = route.number
JOIN did_events AS left_by ON left_by.e164 = route.number
WHERE route.purpose IS NOT NULL
  AND route.version = (SELECT max(version) FROM routes WHERE number = route.number)
  AND (dids.organisation IS NULL OR dids.organisation <> route.organisation)
  AND left_by.version = (
      SELECT max(version) FROM did_events
      WHERE e164 = route.number AND organisation = route.organisation
        AND status NOT IN ('ordered', 'approved', 'documents_pending', 'active'))
"""


def upgrade() -> None:
    """Write down the versions by which they end."""
    op.execute(_ENDS)


def downgrade() -> None:
    """Nothing: they have ended, and what has happened stays."""
