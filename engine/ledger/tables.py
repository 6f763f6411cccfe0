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
    Text,
    UniqueConstraint,
    text,
)

from engine.core.cdr import Disposition, Refusal
from engine.ledger.columns import COUNTER, number, organisation, table, text_column

organisations = table("organisations", Column("organisation", Text, primary_key=True))

accounts = table(
    "accounts",
    Column("account_id", Text, primary_key=True),
    organisation(),
    text_column("profile"),
    text_column("currency"),
    Index("ix_accounts_organisation", "organisation", "account_id"),
    Index("ix_accounts_profile", "profile"),
)

_UNUSED = text("seq = 0")
heads = table(
    "heads",
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    number("balance_micros"),
    number("seq"),
    Column("organisation", Text, nullable=False, server_default=text("''")),
    Column("top_ups", BigInteger, nullable=False, server_default=text("0")),
    Column("last_top_up_ms", BigInteger, nullable=False, server_default=text("0")),
    Index("ix_heads_balance", "organisation", "balance_micros", "account_id"),
    Index("ix_heads_last_top_up", "organisation", "last_top_up_ms", "account_id"),
    Index("ix_heads_unused", "account_id", sqlite_where=_UNUSED, postgresql_where=_UNUSED),
)
"""Where each account stands: the row every booking on the account locks first.

`top_ups` counts its payments, `last_top_up_ms` is when the last came (0: never)."""

aliases = table(
    "aliases",
    Column("alias_id", COUNTER, primary_key=True),
    text_column("account_id", ForeignKey("accounts.account_id")),
    organisation(),
    text_column("profile"),
    text_column("e164"),
    number("from_ms"),
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

pins = table(
    "pins",
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    text_column("hash"),
    number("tries"),
    number("locked_until_ms"),
)

first_calls = table(
    "first_calls",
    Column("organisation", Text, ForeignKey("organisations.organisation"), primary_key=True),
    Column("caller_list", Text, primary_key=True),
    Column("e164", Text, primary_key=True),
    text_column("call_id"),
    number("at_ms"),
    Index("ix_first_calls_at", "organisation", "caller_list", "at_ms", "e164"),
    Index("ix_first_calls_number", "organisation", "e164"),
    Index("ix_first_calls_age", "at_ms"),
)
"""The caller lists: which call of a number had the first-call offer, and when."""

entries = table(
    "entries",
    Column("entry_id", COUNTER, primary_key=True),
    organisation(),
    text_column("key"),
    text_column("content_hash"),
    text_column("kind"),
    text_column("currency"),
    text_column("reason"),
    text_column("author"),
    Column("call_id", Text),
    number("at_ms"),
    UniqueConstraint("key"),
    Index("ix_entries_call_id", "call_id"),
    Index("ix_entries_organisation_at", "organisation", "at_ms"),
    Index("ix_entries_kind_at", "organisation", "kind", "at_ms"),
    Index("ix_entries_author_at", "organisation", "author", "at_ms"),
)

postings = table(
    "postings",
    Column("entry_id", BigInteger, ForeignKey("entries.entry_id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    text_column("account"),
    number("micros"),
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

outbox = table(
    "outbox",
    Column("place", COUNTER, primary_key=True),
    text_column("account_id"),
    number("seq"),
    UniqueConstraint("account_id", "seq"),
    ForeignKeyConstraint(["account_id", "seq"], ["postings.account_id", "postings.seq"]),
)
"""Customers' postings that are not yet known to be in the store, in the order of their booking."""

calls = table(
    "calls",
    Column("call_id", Text, primary_key=True),
    organisation(),
    text_column("service"),
    number("config_version"),
    text_column("profile"),
    text_column("did"),
    text_column("trunk"),
    text_column("received_identity"),
    Column("e164", Text),
    Column("verified", Boolean, nullable=False),
    Column("withheld", Boolean, nullable=False),
    Column("line", Text),
    Column("account_id", Text, ForeignKey("accounts.account_id")),
    text_column("currency"),
    Column("rate", JSON(none_as_null=True)),
    Column("billing_start", JSON(none_as_null=True)),
    Column("first_call", Boolean, nullable=False),
    number("arrived_ms"),
    Column("answered_ms", BigInteger),
    Column("joined_ms", BigInteger),
    number("ended_ms"),
    number("wait_ms"),
    number("talk_ms"),
    number("charged_s"),
    number("charge_micros"),
    text_column("disposition"),
    Column("refusal", Text),
    Column("agents", JSON, nullable=False),
    Column("prompts", JSON, nullable=False),
    Column("clock_alarm", Boolean, nullable=False),
    Column("ordered", JSON),
    Column("slices", JSON),
    Column("stays", JSON),
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

withheld_numbers = table(
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


call_sums = table(
    "call_sums",
    *_span(),
    Column("service", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    *(number(name) for name in ("calls", "joined", "talk_ms", "charged_s", "charge_micros")),
    *(
        Column(outcome.value, BigInteger, nullable=False, server_default=text("0"))
        for outcome in OUTCOMES
    ),
    sqlite_with_rowid=False,
)
"""The call records summed by the hour and the day (UTC) of their end, in each one's transaction."""

top_up_sums = table(
    "top_up_sums",
    *_span(),
    Column("profile", Text, primary_key=True),
    Column("counter", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    *(number(name) for name in ("count", "micros", "reversals", "reversed_micros")),
    sqlite_with_rowid=False,
)
"""What came in and went back by the hour and the day (UTC), in the transaction of each entry;
`counter` is the chart's account on the other side."""

retained = table(
    "retained",
    Column("kind", Text, primary_key=True),
    number("before_ms"),
)
"""Up to when call records have let go of what they keep no longer, by `core.retention.Kind`."""

orders = table(
    "payment_orders",
    Column("order_id", Text, primary_key=True),
    organisation(),
    text_column("profile"),
    text_column("provider"),
    text_column("account_id", ForeignKey("accounts.account_id")),
    text_column("currency"),
    number("amount_micros"),
    number("bonus_micros"),
    text_column("lang"),
    Column("e164", Text, nullable=False, server_default=text("''")),
    number("created_ms"),
    text_column("provider_ref"),
    text_column("payment_ref"),
    text_column("status"),
    Column("paid_ms", BigInteger),
    Column("set_aside_ms", BigInteger),
    number("refunded_micros"),
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

letters = table(
    "payment_letters",
    Column("letter_id", COUNTER, primary_key=True),
    organisation(),
    text_column("profile"),
    text_column("provider"),
    text_column("event_id"),
    Column("raw", LargeBinary, nullable=False),
    number("received_ms"),
    UniqueConstraint("profile", "provider", "event_id"),
    Index("ix_payment_letters_received", "received_ms"),
)
"""The inbox: every callback that proved itself or is to be asked about, as it came."""

api_keys = table(
    "api_keys",
    Column("key_id", Text, primary_key=True),
    organisation(),
    text_column("name"),
    Column("scopes", JSON, nullable=False),
    text_column("secret_hash"),
    number("created_ms"),
    Column("revoked_ms", BigInteger),
    Index("ix_api_keys_created", "organisation", "created_ms"),
)
"""The keys of the operators' interface; columns are the fields of `ports.operators.ApiKey`."""

api_answers = table(
    "api_answers",
    Column("organisation", Text, ForeignKey("organisations.organisation"), primary_key=True),
    Column("key", Text, primary_key=True),
    text_column("digest"),
    number("begun_ms"),
    number("until_ms"),
    Column("status", Integer),
    Column("body", Text),
    Index("ix_api_answers_begun", "begun_ms"),
)
"""Answers given by idempotency key; without a status, one that is claimed until `until_ms`."""

REPORT_IS_OPEN = text("kind = 'report' AND seen_ms IS NULL")
"""Of a note: it is a report that nobody has taken note of."""

caller_notes = table(
    "caller_notes",
    Column("note_id", Text, primary_key=True),
    organisation(),
    text_column("account_id", ForeignKey("accounts.account_id")),
    text_column("author"),
    number("at_ms"),
    text_column("kind"),
    text_column("text"),
    Column("seen_by", Text),
    Column("seen_ms", BigInteger),
    Index("ix_caller_notes_account", "account_id", "at_ms"),
    Index("ix_caller_notes_kind", "organisation", "kind", "at_ms"),
    Index("ix_caller_notes_at", "at_ms"),
    Index(
        "ix_caller_notes_open",
        "organisation",
        "at_ms",
        sqlite_where=REPORT_IS_OPEN,
        postgresql_where=REPORT_IS_OPEN,
    ),
)
"""What staff noted of callers; columns are the fields of `ports.people.callers.CallerNote`."""

blocked_callers = table(
    "blocked_callers",
    organisation(),
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    text_column("author"),
    number("at_ms"),
    text_column("reason"),
    Index("ix_blocked_callers", "organisation", "account_id"),
)
"""Callers who are let in no more, by an account of theirs."""

users = table(
    "users",
    Column("user_id", Text, primary_key=True),
    Column("organisation", Text, ForeignKey("organisations.organisation")),
    text_column("name"),
    text_column("role"),
    text_column("password_hash"),
    Column("must_change", Boolean, nullable=False),
    number("created_ms"),
    Column("totp_secret", Text),
    Column("locked_ms", BigInteger),
    text_column("lang"),
    text_column("theme"),
    Column("totp_step", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("name"),
    Index("ix_users_organisation", "organisation", "name"),
)
"""Who signs in to the console; columns are the fields of `ports.users.User`, and the last time step
of his second factor that was used."""

tries = table(
    "tries",
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    number("until_ms"),
)
"""Tries to prove oneself a user, by where they came from; a row whose time is over says nothing."""

recovery_codes = table(
    "recovery_codes",
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    Column("code_hash", Text, primary_key=True),
)

sessions = table(
    "sessions",
    Column("session_hash", Text, primary_key=True),
    text_column("user_id", ForeignKey("users.user_id")),
    Column("proved", Boolean, nullable=False),
    number("begun_ms"),
    number("seen_ms"),
    number("ends_ms"),
    text_column("address"),
    text_column("browser"),
    Column("organisation", Text),
    Index("ix_sessions_user", "user_id", "seen_ms"),
    Index("ix_sessions_ends", "ends_ms"),
)
"""Who is signed in; columns are the fields of `ports.users.Session`."""

audit_acts = table(
    "audit_acts",
    Column("place", COUNTER, primary_key=True),
    text_column("act_id"),
    number("at_ms"),
    Column("organisation", Text, ForeignKey("organisations.organisation")),
    text_column("author"),
    text_column("address"),
    text_column("action"),
    text_column("target"),
    UniqueConstraint("act_id"),
    Index("ix_audit_acts_organisation", "organisation", "place"),
    Index("ix_audit_acts_at", "at_ms"),
)
"""The audit log, written once; columns are the fields of `ports.audit.Act`."""

audit_ends = table(
    "audit_ends",
    Column("act_id", Text, ForeignKey("audit_acts.act_id"), primary_key=True),
    text_column("outcome"),
    Column("detail", JSON, nullable=False),
)
"""How acts ended, written once."""
