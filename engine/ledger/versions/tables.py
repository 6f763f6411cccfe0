"""The tables of versions, proposals and views."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Text, text, true

from engine.ledger.columns import number, table, text_column

config_versions = table(
    "config_versions",
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    number("based_on"),
    text_column("author"),
    text_column("reason"),
    number("made_ms"),
    text_column("content_hash"),
    Column("files", JSON, nullable=False),
    Column("own", JSON(none_as_null=True)),
    Column("own_hash", Text, nullable=False, server_default=text("''")),
    Column("restores", BigInteger, nullable=False, server_default=text("0")),
)
"""The operator's files as they were applied, for all organisations at once; written once. An own
dialplan that was not known (NULL) is written when it is."""

config_activations = table(
    "config_activations",
    Column("activation", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, ForeignKey("config_versions.number"), nullable=False),
    number("previous"),
    text_column("cause"),
    text_column("author"),
    text_column("reason"),
    number("at_ms"),
    Column("confirm_by_ms", BigInteger),
    Column("confirmed_ms", BigInteger),
    text_column("confirmed_by"),
)
"""Which version was put in force when; the last is. Only the confirmation is written later."""

config_views = table(
    "config_views",
    Column("engine", Text, primary_key=True),
    number("number"),
    number("since_ms"),
    text_column("problem"),
    Column("refused", BigInteger, nullable=False, server_default=text("0")),
    Column("unsaid", JSON),
    Column("asterisk", Boolean, nullable=False, server_default=true()),
    Column("translations", JSON),
)
"""The version each engine goes by; why it refuses another."""

config_proposals = table(
    "config_proposals",
    Column("proposal", BigInteger, primary_key=True, autoincrement=False),
    number("proposed_ms"),
    Column("files", JSON, nullable=False),
)
"""Files that engines are to prepare before they are put in force; gone after some seconds."""

config_answers = table(
    "config_answers",
    Column(
        "proposal",
        BigInteger,
        ForeignKey("config_proposals.proposal", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("engine", Text, primary_key=True),
    Column("is_done", Boolean, nullable=False),
    Column("unsaid", JSON, nullable=False),
)
"""What each engine says to a proposal."""
