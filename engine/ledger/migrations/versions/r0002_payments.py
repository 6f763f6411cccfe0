"""Payment orders, and the inbox of callbacks about them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KNOWN = sa.text("provider_ref != ''")


def upgrade() -> None:
    """Make the tables."""
    _make_orders()
    _make_letters()


def _make_orders() -> None:
    op.create_table(
        "payment_orders",
        sa.Column("order_id", sa.Text(), nullable=False),
        *_texts("organisation", "profile", "provider", "account_id", "currency"),
        *_numbers("amount_micros", "bonus_micros"),
        *_texts("lang"),
        *_numbers("created_ms"),
        *_texts("provider_ref", "payment_ref", "status"),
        sa.Column("paid_ms", sa.BigInteger()),
        *_numbers("refunded_micros"),
        sa.Column("disputes", sa.JSON(), nullable=False),
        sa.Column("ask_at_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_payment_orders")),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["organisations.organisation"],
            name=op.f("fk_payment_orders_organisation_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_payment_orders_account_id_accounts"),
        ),
    )
    op.create_index(
        "ix_payment_orders_created", "payment_orders", ["organisation", "created_ms", "order_id"]
    )
    op.create_index("ix_payment_orders_account", "payment_orders", ["account_id", "created_ms"])
    op.create_index("ix_payment_orders_ask", "payment_orders", ["ask_at_ms"])
    op.create_index(
        "uq_payment_orders_provider_ref",
        "payment_orders",
        ["profile", "provider", "provider_ref"],
        unique=True,
        sqlite_where=_KNOWN,
        postgresql_where=_KNOWN,
    )


def _make_letters() -> None:
    op.create_table(
        "payment_letters",
        sa.Column("letter_id", _COUNTER, nullable=False),
        *_texts("organisation", "profile", "provider", "event_id"),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        *_numbers("received_ms"),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_payment_letters")),
        sa.UniqueConstraint(
            "profile",
            "provider",
            "event_id",
            name=op.f("uq_payment_letters_profile_provider_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["organisations.organisation"],
            name=op.f("fk_payment_letters_organisation_organisations"),
        ),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("payment_letters")
    op.drop_table("payment_orders")
