"""Verifications of the test mode, changes told apart, who used a proved number's token up.

What their merchants are to be told goes out with all other webhooks; the outbox of its own is gone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns; what was there called real numbers."""
    real, unknown = sa.false(), sa.text("''")
    for column in (
        sa.Column("test", sa.Boolean(), nullable=False, server_default=real),
        sa.Column("change_id", sa.Text(), nullable=False, server_default=unknown),
        sa.Column("consumed_by", sa.Text()),
    ):
        op.add_column("verifications", column)
    op.drop_table("webhook_outbox")


def downgrade() -> None:
    """Take the columns away again, and give the outbox back."""
    owner = op.f("fk_webhook_outbox_organisation_organisations")
    op.create_table(
        "webhook_outbox",
        sa.Column("notice_id", _COUNTER, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("organisation", "topic", "subject_id", "payload")
        ),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("delivered_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_webhook_outbox")),
        sa.UniqueConstraint("topic", "subject_id", name=op.f("uq_webhook_outbox_topic_subject_id")),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=owner),
    )
    for name in ("consumed_by", "change_id", "test"):
        op.drop_column("verifications", name)
