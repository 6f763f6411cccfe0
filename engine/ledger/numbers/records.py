"""Rows of the stock as the records they hold."""

from dataclasses import fields
from typing import Any, TypeVar

import msgspec
from sqlalchemy.engine import RowMapping

T = TypeVar("T")


def record_of(row: RowMapping, kind: type[T]) -> T:
    """The record in a row that has a column for each of its fields, and perhaps others."""
    wanted: Any = kind
    return msgspec.convert({field.name: row[field.name] for field in fields(wanted)}, kind)
