"""Reads one JSON object from outside, field by field, and names the first fault by dotted path.

`parse_object` takes the text, `Form` its fields: each method gives the checked value of one field
or raises `CallerError` whose `field` is the path ("tariff.increment") and whose message is the
rule, to be read after the path. Numbers are read as `Decimal`, so 12.1 is 12.1. Faults are found
in the order in which fields are asked for; `close` refuses what nobody asked for, because a
misspelt optional field would otherwise be silently ignored.
"""

import json
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from engine.core.money import parse_micros
from engine.errors import CallerError

MAX_WHOLE = 1_000_000
"""The largest whole number a field may hold, unless its limit is tighter."""

MAX_NUMBER_DECIMALS = 100
"""The most decimals of a number: enough to be exact, few enough to compute with."""

Choice = TypeVar("Choice", bound=StrEnum)


class _Twice(dict[str, object]):
    """An object some of whose keys were given more than once (RFC 8259 4: unpredictable)."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.key = next(key for key in keys if keys.count(key) > 1)


def _object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Twice(pairs)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def parse_object(text: str) -> "Form":
    """The JSON object in `text` (RFC 8259: NaN and Infinity are no numbers); field "" if none."""
    try:
        value: object = json.loads(
            text.strip(),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_of,
        )
    except (ValueError, ArithmeticError) as error:
        raise CallerError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise CallerError("not JSON that can be read: too deeply nested") from error
    return Form(value, "")


class Form:
    """The fields of one JSON object at a dotted path."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise CallerError("must be a JSON object" if path else "not a JSON object", path)
        self._values: dict[str, object] = value
        self._path = path
        self._asked: set[str] = set()
        if isinstance(value, _Twice):
            raise CallerError("is given twice", self.path(value.key))

    def path(self, key: str) -> str:
        """The dotted path of a field of this object."""
        return f"{self._path}.{key}" if self._path else key

    def has(self, key: str) -> bool:
        """Whether an optional field is there; asking makes it a known one."""
        self._asked.add(key)
        return key in self._values

    def is_null(self, key: str) -> bool:
        """Whether a field that must be there is null."""
        return self._value(key) is None

    def form(self, key: str) -> "Form":
        """The fields of the object in a field."""
        return Form(self._value(key), self.path(key))

    def text(self, key: str) -> str:
        """A string."""
        value = self._value(key)
        if not isinstance(value, str):
            raise CallerError("must be a string", self.path(key))
        return value

    def flag(self, key: str) -> bool:
        """A boolean."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise CallerError("must be true or false", self.path(key))
        return value

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """One of the words of an enumeration."""
        text = self.text(key)
        try:
            return choices(text)
        except ValueError:
            raise CallerError(f"must be one of {', '.join(choices)}", self.path(key)) from None

    def micros(self, key: str, *, minimum: int | None = 0) -> int:
        """An amount of money, written as a decimal string, in micro-units."""
        return parse_micros(self.text(key), field=self.path(key), minimum=minimum)

    def number(self, key: str, *, minimum: int, maximum: int) -> Decimal:
        """A number with at most `MAX_NUMBER_DECIMALS` decimals."""
        value = self._value(key)
        if not isinstance(value, Decimal):
            raise CallerError("must be a number", self.path(key))
        if not minimum <= value <= maximum:
            raise CallerError(f"must be {minimum} to {maximum}", self.path(key))
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -MAX_NUMBER_DECIMALS:
            raise CallerError(f"must have at most {MAX_NUMBER_DECIMALS} decimals", self.path(key))
        return value

    def whole(self, key: str, *, minimum: int, maximum: int = MAX_WHOLE) -> int:
        """A whole number; 60.0 is one."""
        value = self.number(key, minimum=minimum, maximum=maximum)
        if value != int(value):
            raise CallerError("must be a whole number", self.path(key))
        return int(value)

    def close(self) -> None:
        """Refuses the first field that was never asked for."""
        for key in self._values:
            if key not in self._asked:
                raise CallerError("is not a field here", self.path(key))

    def _value(self, key: str) -> object:
        if not self.has(key):
            raise CallerError("is missing", self.path(key))
        return self._values[key]
