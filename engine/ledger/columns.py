"""What the tables of the books are made of.

Money and times are 64-bit integers (micro-units, milliseconds since 1970).
"""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.schema import SchemaItem

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite counts up by itself only in a column whose type is spelled INTEGER.
COUNTER = BigInteger().with_variant(Integer(), "sqlite")


def table(name: str, *items: SchemaItem, sqlite_with_rowid: bool = True) -> Table:
    """A table of the books."""
    return Table(name, METADATA, *items, sqlite_with_rowid=sqlite_with_rowid)


def text_column(name: str, *items: SchemaItem) -> Column[str]:
    """A text that is always there."""
    return Column(name, Text, *items, nullable=False)


def number(name: str) -> Column[int]:
    """A whole number that is always there."""
    return Column(name, BigInteger, nullable=False)


def organisation() -> Column[str]:
    """Whose a record is."""
    return text_column("organisation", ForeignKey("organisations.organisation"))


def insert_into(dialect: str, into: Table) -> Any:
    """An insertion that knows what to do about a row that is there, in this database's words."""
    return (sqlite_insert if dialect == "sqlite" else postgres_insert)(into)
