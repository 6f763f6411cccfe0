"""The tables of the books, as SQLAlchemy Core.

Money and times are 64-bit integers (micro-units, milliseconds since 1970). Every root record
names its organisation; a row below one (posting, head, PIN, outbox row) has its parent's.
Journal rows and letters are written once; heads, PINs, aliases, orders and the outbox change.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.sql.schema import SchemaItem

from engine.core.cdr import Disposition, Refusal

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite counts up by itself only in a column whose type is spelled INTEGER.
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")


def _table(name: str, *items: SchemaItem, sqlite_with_rowid: bool = True) -> Table:
    return Table(name, METADATA, *items, sqlite_with_rowid=sqlite_with_rowid)


def _text(name: str, *items: SchemaItem) -> Column[str]:
    return Column(name, Text, *items, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _organisation() -> Column[str]:
    return _text("organisation", ForeignKey("organisations.organisation"))


organisations = _table("organisations", Column("organisation", Text, primary_key=True))

accounts = _table(
    "accounts",
    Column("account_id", Text, primary_key=True),
    _organisation(),
    _text("profile"),
    _text("currency"),
    Index("ix_accounts_organisation", "organisation", "account_id"),
    Index("ix_accounts_profile", "profile"),
)

heads = _table(
    "heads",
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    _number("balance_micros"),
    _number("seq"),
    Column("organisation", Text, nullable=False, server_default=text("''")),
    Column("top_ups", BigInteger, nullable=False, server_default=text("0")),
    Column("last_top_up_ms", BigInteger, nullable=False, server_default=text("0")),
    Index("ix_heads_balance", "organisation", "balance_micros", "account_id"),
    Index("ix_heads_last_top_up", "organisation", "last_top_up_ms", "account_id"),
)
"""Where each account stands: the row every booking on the account locks first.

`top_ups` counts its payments, `last_top_up_ms` is when the last came (0: never)."""

aliases = _table(
    "aliases",
    Column("alias_id", _COUNTER, primary_key=True),
    _text("account_id", ForeignKey("accounts.account_id")),
    _organisation(),
    _text("profile"),
    _text("e164"),
    _number("from_ms"),
    Column("until_ms", BigInteger),
    Index("ix_aliases_number", "organisation", "e164"),
    Index("ix_aliases_until", "until_ms"),
)
"""Which number named an account from when until when; `until_ms` is NULL for the present one."""

_PRESENT = aliases.c.until_ms.is_(None)
for _name, _columns in (
    ("uq_aliases_present_number", (aliases.c.profile, aliases.c.e164)),
    ("uq_aliases_present_account", (aliases.c.account_id,)),
):
    Index(_name, *_columns, unique=True, sqlite_where=_PRESENT, postgresql_where=_PRESENT)

pins = _table(
    "pins",
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    _text("hash"),
    _number("tries"),
    _number("locked_until_ms"),
)

first_calls = _table(
    "first_calls",
    Column("organisation", Text, ForeignKey("organisations.organisation"), primary_key=True),
    Column("caller_list", Text, primary_key=True),
    Column("e164", Text, primary_key=True),
    _text("call_id"),
    _number("at_ms"),
    Index("ix_first_calls_at", "organisation", "caller_list", "at_ms", "e164"),
    Index("ix_first_calls_number", "organisation", "e164"),
    Index("ix_first_calls_age", "at_ms"),
)
"""The caller lists: which call of a number had the first-call offer, and when."""

entries = _table(
    "entries",
    Column("entry_id", _COUNTER, primary_key=True),
    _organisation(),
    _text("key"),
    _text("content_hash"),
    _text("kind"),
    _text("currency"),
    _text("reason"),
    _text("author"),
    Column("call_id", Text),
    _number("at_ms"),
    UniqueConstraint("key"),
    Index("ix_entries_call_id", "call_id"),
    Index("ix_entries_organisation_at", "organisation", "at_ms"),
    Index("ix_entries_kind_at", "organisation", "kind", "at_ms"),
    Index("ix_entries_author_at", "organisation", "author", "at_ms"),
)

postings = _table(
    "postings",
    Column("entry_id", BigInteger, ForeignKey("entries.entry_id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    _text("account"),
    _number("micros"),
    Column("account_id", Text, ForeignKey("accounts.account_id")),
    Column("seq", BigInteger),
    Column("balance_micros", BigInteger),
    Column("at_ms", BigInteger),
    UniqueConstraint("account_id", "seq"),
    CheckConstraint(
        "(account_id IS NULL) = (seq IS NULL) AND (account_id IS NULL) = (balance_micros IS NULL)",
        name="customer",
    ),
)
"""`account` is the chart's name; a customer's posting also has his account's id, its place in the
account's gapless sequence, the balance after it, and its entry's time."""

_CUSTOMERS = postings.c.account_id.is_not(None)
Index(
    "ix_postings_account_at",
    postings.c.account_id,
    postings.c.at_ms,
    postings.c.entry_id,
    postings.c.line,
    sqlite_where=_CUSTOMERS,
    postgresql_where=_CUSTOMERS,
)

outbox = _table(
    "outbox",
    Column("place", _COUNTER, primary_key=True),
    _text("account_id"),
    _number("seq"),
    UniqueConstraint("account_id", "seq"),
    ForeignKeyConstraint(["account_id", "seq"], ["postings.account_id", "postings.seq"]),
)
"""Customers' postings that are not yet known to be in the store, in the order of their booking."""

calls = _table(
    "calls",
    Column("call_id", Text, primary_key=True),
    _organisation(),
    _text("service"),
    _number("config_version"),
    _text("profile"),
    _text("did"),
    _text("trunk"),
    _text("received_identity"),
    Column("e164", Text),
    Column("verified", Boolean, nullable=False),
    Column("withheld", Boolean, nullable=False),
    Column("line", Text),
    Column("account_id", Text, ForeignKey("accounts.account_id")),
    _text("currency"),
    Column("rate", JSON(none_as_null=True)),
    Column("billing_start", JSON(none_as_null=True)),
    Column("first_call", Boolean, nullable=False),
    _number("arrived_ms"),
    Column("answered_ms", BigInteger),
    Column("joined_ms", BigInteger),
    _number("ended_ms"),
    _number("wait_ms"),
    _number("talk_ms"),
    _number("charged_s"),
    _number("charge_micros"),
    _text("disposition"),
    Column("refusal", Text),
    Column("agents", JSON, nullable=False),
    Column("prompts", JSON, nullable=False),
    Column("clock_alarm", Boolean, nullable=False),
    Column("ordered", JSON),
    Index("ix_calls_ended", "ended_ms", "call_id"),
    Index("ix_calls_account_ended", "account_id", "ended_ms", "call_id"),
)
"""One row per call record, refused calls too; columns are the fields of `core.cdr.CallRecord`."""

CALL_DRIVERS = ("profile", "service", "e164", "disposition", "refusal")
"""What a search of calls may be driven by: each has an index in the order of the calls' end."""

for _driver in CALL_DRIVERS:
    Index(
        f"ix_calls_{_driver}_ended",
        calls.c.organisation,
        calls.c[_driver],
        calls.c.ended_ms,
        calls.c.call_id,
    )
Index("ix_calls_organisation_ended", calls.c.organisation, calls.c.ended_ms, calls.c.call_id)

withheld_numbers = _table(
    "withheld_numbers",
    Column("organisation", Text, ForeignKey("organisations.organisation"), primary_key=True),
    Column("e164", Text, primary_key=True),
)
"""Numbers that a caller has withheld: shown to nobody, also when the call's record has let go."""

OUTCOMES = (*Disposition, *Refusal)
"""How a call is counted: refusals by reason, the rest by disposition; a column of `call_sums`
each."""

SPANS_H = (24, 1)
"""How many hours a row of sums is for: a day (UTC) or an hour."""


def _span() -> tuple[Column[str] | Column[int], ...]:
    """The first columns of a row of sums: whose, and for how many hours from when on."""
    return (
        Column("organisation", Text, ForeignKey("organisations.organisation"), primary_key=True),
        Column("span_h", Integer, primary_key=True, autoincrement=False),
        Column("from_ms", BigInteger, primary_key=True, autoincrement=False),
    )


call_sums = _table(
    "call_sums",
    *_span(),
    Column("service", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    *(_number(name) for name in ("calls", "joined", "talk_ms", "charged_s", "charge_micros")),
    *(
        Column(outcome.value, BigInteger, nullable=False, server_default=text("0"))
        for outcome in OUTCOMES
    ),
    sqlite_with_rowid=False,
)
"""The call records summed by the hour and the day (UTC) of their end, in each one's transaction."""

top_up_sums = _table(
    "top_up_sums",
    *_span(),
    Column("profile", Text, primary_key=True),
    Column("counter", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    *(_number(name) for name in ("count", "micros", "reversals", "reversed_micros")),
    sqlite_with_rowid=False,
)
"""What came in and went back by the hour and the day (UTC), in the transaction of each entry;
`counter` is the chart's account on the other side."""

retained = _table(
    "retained",
    Column("kind", Text, primary_key=True),
    _number("before_ms"),
)
"""Up to when call records have let go of what they keep no longer, by `core.retention.Kind`."""

orders = _table(
    "payment_orders",
    Column("order_id", Text, primary_key=True),
    _organisation(),
    _text("profile"),
    _text("provider"),
    _text("account_id", ForeignKey("accounts.account_id")),
    _text("currency"),
    _number("amount_micros"),
    _number("bonus_micros"),
    _text("lang"),
    Column("e164", Text, nullable=False, server_default=text("''")),
    _number("created_ms"),
    _text("provider_ref"),
    _text("payment_ref"),
    _text("status"),
    Column("paid_ms", BigInteger),
    Column("set_aside_ms", BigInteger),
    _number("refunded_micros"),
    Column("disputes", JSON, nullable=False),
    Column("ask_at_ms", BigInteger),
    Index("ix_payment_orders_created", "organisation", "created_ms", "order_id"),
    Index("ix_payment_orders_account", "account_id", "created_ms"),
    Index("ix_payment_orders_ask", "ask_at_ms"),
)
"""Payment orders; columns are the fields of `core.payment.PaymentOrder`, and when its provider is
asked about it next (NULL: never again)."""

Index(
    "uq_payment_orders_provider_ref",
    orders.c.profile,
    orders.c.provider,
    orders.c.provider_ref,
    unique=True,
    sqlite_where=orders.c.provider_ref != "",
    postgresql_where=orders.c.provider_ref != "",
)

letters = _table(
    "payment_letters",
    Column("letter_id", _COUNTER, primary_key=True),
    _organisation(),
    _text("profile"),
    _text("provider"),
    _text("event_id"),
    Column("raw", LargeBinary, nullable=False),
    _number("received_ms"),
    UniqueConstraint("profile", "provider", "event_id"),
    Index("ix_payment_letters_received", "received_ms"),
)
"""The inbox: every callback that proved itself or is to be asked about, as it came."""

api_keys = _table(
    "api_keys",
    Column("key_id", Text, primary_key=True),
    _organisation(),
    _text("name"),
    Column("scopes", JSON, nullable=False),
    _text("secret_hash"),
    _number("created_ms"),
    Column("revoked_ms", BigInteger),
    Index("ix_api_keys_created", "organisation", "created_ms"),
)
"""The keys of the operators' interface; columns are the fields of `ports.operators.ApiKey`."""

api_answers = _table(
    "api_answers",
    Column("organisation", Text, ForeignKey("organisations.organisation"), primary_key=True),
    Column("key", Text, primary_key=True),
    _text("digest"),
    _number("begun_ms"),
    _number("until_ms"),
    Column("status", Integer),
    Column("body", Text),
    Index("ix_api_answers_begun", "begun_ms"),
)
"""Answers given by idempotency key; without a status, one that is claimed until `until_ms`."""

caller_notes = _table(
    "caller_notes",
    Column("note_id", Text, primary_key=True),
    _organisation(),
    _text("account_id", ForeignKey("accounts.account_id")),
    _text("author"),
    _number("at_ms"),
    _text("kind"),
    _text("text"),
    Index("ix_caller_notes_account", "account_id", "at_ms"),
    Index("ix_caller_notes_kind", "organisation", "kind", "at_ms"),
    Index("ix_caller_notes_at", "at_ms"),
)
"""What staff noted of callers; columns are the fields of `ports.people.callers.CallerNote`."""

blocked_callers = _table(
    "blocked_callers",
    _organisation(),
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    _text("author"),
    _number("at_ms"),
    _text("reason"),
    Index("ix_blocked_callers", "organisation", "account_id"),
)
"""Callers who are let in no more, by an account of theirs."""

config_versions = _table(
    "config_versions",
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _number("based_on"),
    _text("author"),
    _text("reason"),
    _number("made_ms"),
    _text("content_hash"),
    Column("files", JSON, nullable=False),
)
"""The operator's files as they were applied, for all organisations at once; written once."""

config_activations = _table(
    "config_activations",
    Column("activation", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, ForeignKey("config_versions.number"), nullable=False),
    _number("previous"),
    _text("cause"),
    _text("author"),
    _text("reason"),
    _number("at_ms"),
    Column("confirm_by_ms", BigInteger),
    Column("confirmed_ms", BigInteger),
    _text("confirmed_by"),
)
"""Which version was put in force when; the last is. Only the confirmation is written later."""

config_views = _table(
    "config_views",
    Column("engine", Text, primary_key=True),
    _number("number"),
    _number("since_ms"),
    _text("problem"),
)
"""The version each engine goes by."""

users = _table(
    "users",
    Column("user_id", Text, primary_key=True),
    Column("organisation", Text, ForeignKey("organisations.organisation")),
    _text("name"),
    _text("role"),
    _text("password_hash"),
    Column("must_change", Boolean, nullable=False),
    _number("created_ms"),
    Column("totp_secret", Text),
    Column("locked_ms", BigInteger),
    _text("lang"),
    _text("theme"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("tries_until_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("totp_step", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("name"),
    Index("ix_users_organisation", "organisation", "name"),
)
"""Who signs in to the console; columns are the fields of `ports.users.User`, his tries to sign in,
and the last time step of his second factor that was used."""

recovery_codes = _table(
    "recovery_codes",
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    Column("code_hash", Text, primary_key=True),
)

sessions = _table(
    "sessions",
    Column("session_hash", Text, primary_key=True),
    _text("user_id", ForeignKey("users.user_id")),
    Column("proved", Boolean, nullable=False),
    _number("begun_ms"),
    _number("seen_ms"),
    _number("ends_ms"),
    _text("address"),
    _text("browser"),
    Column("organisation", Text),
    Index("ix_sessions_user", "user_id", "seen_ms"),
    Index("ix_sessions_ends", "ends_ms"),
)
"""Who is signed in; columns are the fields of `ports.users.Session`."""

audit_acts = _table(
    "audit_acts",
    Column("place", _COUNTER, primary_key=True),
    _text("act_id"),
    _number("at_ms"),
    Column("organisation", Text, ForeignKey("organisations.organisation")),
    _text("author"),
    _text("address"),
    _text("action"),
    _text("target"),
    UniqueConstraint("act_id"),
    Index("ix_audit_acts_organisation", "organisation", "place"),
    Index("ix_audit_acts_at", "at_ms"),
)
"""The audit log, written once; columns are the fields of `ports.audit.Act`."""

audit_ends = _table(
    "audit_ends",
    Column("act_id", Text, ForeignKey("audit_acts.act_id"), primary_key=True),
    _text("outcome"),
    Column("detail", JSON, nullable=False),
)
"""How acts ended, written once."""
