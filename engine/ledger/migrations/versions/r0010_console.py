"""Users of the console, their sessions, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_users()
    _make_sessions()
    _make_audit()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_user_id_users")
    return sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=name)


def _of_organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_organisations")
    return sa.ForeignKeyConstraint(["organisation"], ["organisations.organisation"], name=name)


def _make_users() -> None:
    op.create_table(
        "users",
        _text("user_id"),
        sa.Column("organisation", sa.Text()),
        _text("name"),
        _text("role"),
        _text("password_hash"),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        _number("created_ms"),
        sa.Column("totp_secret", sa.Text()),
        sa.Column("locked_ms", sa.BigInteger()),
        _text("lang"),
        _text("theme"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("tries_until_ms", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        _of_organisation("users"),
    )
    op.create_index("ix_users_organisation", "users", ["organisation", "name"])
    op.create_table(
        "recovery_codes",
        _text("user_id"),
        _text("code_hash"),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_codes")),
        _of_user("recovery_codes"),
    )


def _make_sessions() -> None:
    op.create_table(
        "sessions",
        _text("session_hash"),
        _text("user_id"),
        sa.Column("proved", sa.Boolean(), nullable=False),
        _number("begun_ms"),
        _number("seen_ms"),
        _number("ends_ms"),
        _text("address"),
        _text("browser"),
        sa.Column("organisation", sa.Text()),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_sessions")),
        _of_user("sessions"),
    )
    op.create_index("ix_sessions_user", "sessions", ["user_id", "seen_ms"])
    op.create_index("ix_sessions_ends", "sessions", ["ends_ms"])


def _make_audit() -> None:
    op.create_table(
        "audit_acts",
        sa.Column("place", _COUNTER, nullable=False),
        _text("act_id"),
        _number("at_ms"),
        sa.Column("organisation", sa.Text()),
        _text("author"),
        _text("address"),
        _text("action"),
        _text("target"),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_audit_acts")),
        sa.UniqueConstraint("act_id", name=op.f("uq_audit_acts_act_id")),
        _of_organisation("audit_acts"),
    )
    op.create_index("ix_audit_acts_organisation", "audit_acts", ["organisation", "place"])
    op.create_index("ix_audit_acts_at", "audit_acts", ["at_ms"])
    op.create_table(
        "audit_ends",
        _text("act_id"),
        _text("outcome"),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_audit_ends")),
        sa.ForeignKeyConstraint(
            ["act_id"], ["audit_acts.act_id"], name=op.f("fk_audit_ends_act_id_audit_acts")
        ),
    )


def downgrade() -> None:
    """Take the tables away again."""
    for table in ("audit_ends", "audit_acts", "sessions", "recovery_codes", "users"):
        op.drop_table(table)
