"""Structured logs of a process: one line an event, phone numbers masked, secrets never.

Rooms log through `structlog.get_logger(__name__)` and bind the call's id (`call`); `configure`
says, once and for all, where that goes. Lines of libraries take the same way. Masking is the last
step before a line is written, so tracebacks and quoted messages pass through it too. A number
loses its last three digits, as § 11 TDDDG has it shown to who is called.

What is found: numbers that begin with + or 0, numbers in SIP and tel URIs and in quoted events,
and every number under a key that names one. Not found: bare digits without + in free text, which
cannot be told from ids and amounts.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "***"

_SECRET_KEY = re.compile(r"password|secret|token|authorization|api_?key|(^|_)pin($|_)", re.I)
_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")
_IN_QUERY = re.compile(r"(?<=[?&])(api_key|password|secret|token)=[^&\s]+", re.I)
_NUMBER_KEY = re.compile(
    r"(^|_)(number|e164|did|dids|caller|caller_id|from|to|from_user|asserted|address|user)$"
)
_NUMBER = re.compile(
    # +49 30 23125001, not as a part of a longer word
    r"(?<![\w.])\+[1-9](?:[ ()/-]{0,2}\d){6,14}(?!\w)"
    # 004930…, 030…, not as a part of an id, a time or a decimal number
    r"|(?<![\w.:+-])0[ /-]?\d(?:[ ()/-]{0,2}\d){5,14}(?![.:-]\d|\w)"
    # bare digits where only a number stands
    r"|(?:(?<=\bsip:)|(?<=\bsips:)|(?<=\btel:))\d{5,15}"
    r"""|(?:(?<=['"]number['"]: ['"])|(?<=['"]number['"]:['"]))\d{5,15}""",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\+?\d(?:[ ()/-]{0,2}\d){4,14}")


def configure(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["console", "json"] = "console",
    numbers: Literal["masked", "full"] = "masked",
    stream: TextIO | None = None,
) -> None:
    """Send all logs of this process to `stream` (stderr), from `level` on.

    Libraries are heard from `warning` on, unless `level` is `debug`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                hide_secrets,
                *([mask_numbers] if numbers == "masked" else []),
                _renderer(form, target),
            ],
        )
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold if level == "debug" else max(threshold, logging.WARNING))
    logging.getLogger("engine").setLevel(threshold)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event without passwords, PINs and tokens, by key and within addresses."""
    return {key: _without_secrets(key, value) for key, value in event.items()}


def mask_numbers(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with the last three digits of every phone number made `xxx`."""
    return {key: _masked(key, value) for key, value in event.items()}


def _renderer(form: str, stream: TextIO) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _without_secrets(key: str, value: object) -> object:
    if _SECRET_KEY.search(key):
        return HIDDEN
    match value:
        case str():
            return _IN_QUERY.sub(rf"\1={HIDDEN}", _IN_URL.sub(f"{HIDDEN}@", value))
        case Mapping():
            return {str(inner): _without_secrets(str(inner), item) for inner, item in value.items()}
        case list() | tuple():
            return [_without_secrets(key, item) for item in value]
        case bool() | int() | None:
            return value
        case _:
            return _without_secrets(key, repr(value))


def _masked(key: str, value: object) -> object:
    match value:
        case str():
            pattern = _DIGITS if _NUMBER_KEY.search(key) else _NUMBER
            return pattern.sub(_without_end, value)
        case Mapping():
            return {str(inner): _masked(str(inner), item) for inner, item in value.items()}
        case list() | tuple():
            return [_masked(key, item) for item in value]
        case int() if _NUMBER_KEY.search(key) and not isinstance(value, bool):
            return _masked(key, str(value))
        case bool() | int() | None:
            return value
        case _:
            return _masked(key, repr(value))


def _without_end(found: re.Match[str]) -> str:
    """The number with its last three digits as x, written as it was."""
    text = found[0]
    ends = [match.start() for match in re.finditer(r"\d", text)][-3:]
    return "".join("x" if at in ends else character for at, character in enumerate(text))
