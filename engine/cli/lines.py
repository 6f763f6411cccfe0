"""JSON lines in, JSON lines out: one answer for each line of stdin, as soon as it is read."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

import click

from engine.core.form import Form, parse_object
from engine.errors import CallerError

MAX_LINE_BYTES = 65_536
"""A longer line is answered with an error; it is read past, never kept."""


def answer_lines(answer: Callable[[Form], Mapping[str, object]]) -> None:
    """Answers every object on stdin; a bad line gets `error` and `field`, and the rest go on.

    Ends the command with exit code 1 if any line was refused.
    """
    refused = False
    for line in _lines(sys.stdin.buffer):
        try:
            write(answer(parse_object(_text(line))))
        except CallerError as fault:
            refused = True
            write(refusal(fault))
    if refused:
        click.get_current_context().exit(1)


def write(value: Mapping[str, object]) -> None:
    """Writes one JSON object as a line to stdout, at once."""
    click.echo(json.dumps(value))


def utc(at_ms: int) -> str:
    """An instant as every command tells it: ISO 8601, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def refusal(fault: CallerError) -> Mapping[str, object]:
    """How a fault of form is answered; `field` is empty when the line was not a JSON object."""
    return {"error": f"{fault.field} {fault}".strip(), "field": fault.field}


def _text(line: bytes) -> str:
    if len(line) > MAX_LINE_BYTES:
        raise CallerError(f"longer than {MAX_LINE_BYTES} bytes")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CallerError("not UTF-8") from error


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream; of a longer one than allowed only the beginning."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES + 1)
        yield line
