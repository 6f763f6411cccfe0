"""Blocks of numbers that a carrier gave us, read whole from CSV: all of it, or every mistake.

Columns `area_code,first,last`, both numbers in E.164 (`last` may be empty); the area code of a
toll-free block is empty. A block is at most `BLOCK_MOST` numbers that follow each other.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.number import classify
from engine.core.numbers.areas import Areas
from engine.core.numbers.number import Number, Purpose, purpose_of
from engine.errors import CallerError

COLUMNS = ("area_code", "first", "last")
BLOCK_MOST = 10_000
STOCK_MOST = 100_000
FAULTS_MOST = 100


@dataclass(frozen=True, slots=True)
class LineFault:
    """A mistake and the line (from 1) it stands in."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Faults:
    """A file that was not read, and at most `FAULTS_MOST` mistakes in it."""

    faults: tuple[LineFault, ...]


def read_blocks(text: str, areas: Areas) -> tuple[Number, ...] | Faults:
    """The numbers of a file, all free; or its mistakes."""
    rows = csv.reader(text.splitlines())
    if next(rows, None) != list(COLUMNS):
        return Faults((LineFault(1, f"the first line must be {','.join(COLUMNS)}"),))
    found: dict[str, Number] = {}
    faults: list[LineFault] = []
    for row in rows:
        if not any(row):
            continue
        try:
            for number in _block(row, areas):
                if number.e164 in found:
                    raise CallerError(f"{number.e164} is in the file twice")
                found[number.e164] = number
            if len(found) > STOCK_MOST:
                raise CallerError(f"more than {STOCK_MOST} numbers in one file")
        except CallerError as fault:
            faults.append(LineFault(rows.line_num, str(fault)))
        if len(faults) >= FAULTS_MOST or len(found) > STOCK_MOST:
            break
    return Faults(tuple(faults)) if faults else tuple(found.values())


def _block(row: list[str], areas: Areas) -> Iterator[Number]:
    if len(row) != len(COLUMNS):
        raise CallerError(f"has {len(row)} columns instead of {len(COLUMNS)}")
    code, first, last = (cell.strip() for cell in row)
    last = last or first
    for end in (first, last):
        _check(end, code.removeprefix("0"), areas)
    size = int(last) - int(first) + 1
    if len(first) != len(last) or not 1 <= size <= BLOCK_MOST:
        raise CallerError(f"{first} to {last} is no block of 1 to {BLOCK_MOST} numbers")
    for value in range(int(first), int(last) + 1):
        yield _number(f"+{value}", areas)


def _check(e164: str, code: str, areas: Areas) -> None:
    info = classify(e164, None)
    if info.e164 is None or info.e164 != e164:
        raise CallerError(f"{e164 or 'nothing'} is no number in E.164")
    purpose = purpose_of(info)
    if purpose is None:
        kind = info.type.lower().replace("_", " ")
        raise CallerError(f"{e164} is for neither tracking nor forwarding: {kind}, {info.region}")
    area = areas.of_number(e164) if purpose is Purpose.TRACKING else None
    if purpose is Purpose.TRACKING and area is None:
        raise CallerError(f"{e164} is of no area")
    if code != (area.code if area is not None else ""):
        raise CallerError(f"{e164} is not of area {code or '(none)'}")


def _number(e164: str, areas: Areas) -> Number:
    area = areas.of_number(e164)
    if area is None:
        return Number(e164=e164, country="US", area_code="")
    return Number(e164=e164, country=area.country, area_code=area.code)
