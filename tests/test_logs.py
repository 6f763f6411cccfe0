"""Logs: one structured line an event, numbers masked unless told otherwise, secrets never."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from engine import logs

NUMBER = "+493023125001"


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("engine")
    before = (root.handlers, root.level, own.level)
    yield
    root.handlers = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _configured(**options: Any) -> io.StringIO:
    stream = io.StringIO()
    all_options: dict[str, Any] = {"form": "json", "stream": stream} | options
    logs.configure(**all_options)
    return stream


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _masked(text: str, key: str = "error") -> Any:
    return logs.mask_numbers(None, "info", {key: text})[key]


def test_a_line_is_one_json_object_with_the_calls_id() -> None:
    stream = _configured()
    log = structlog.get_logger("engine.flows.calls").bind(call="c-1")
    log.info("call.begun", state="announcing")
    (line,) = _lines(stream)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "call.begun",
        "call": "c-1",
        "state": "announcing",
        "level": "info",
        "logger": "engine.flows.calls",
    }


def test_a_calls_id_can_be_bound_to_all_that_a_task_does() -> None:
    stream = _configured()
    with structlog.contextvars.bound_contextvars(call="c-2"):
        structlog.get_logger("engine.store").warning("store.late")
    assert _lines(stream)[0]["call"] == "c-2"


def test_levels() -> None:
    stream = _configured(level="warning")
    structlog.get_logger("engine").info("not heard")
    structlog.get_logger("engine").warning("heard")
    assert [line["event"] for line in _lines(stream)] == ["heard"]


def test_libraries_take_the_same_way_from_warning_on() -> None:
    stream = _configured()
    logging.getLogger("aiohttp").info("not heard")
    logging.getLogger("aiohttp").warning("caller %s on %s", NUMBER, "redis://u:hunter2@host/0")
    (line,) = _lines(stream)
    assert line["event"] == "caller +493023125xxx on redis://***@host/0"
    assert line["logger"] == "aiohttp"


def test_all_of_libraries_when_debugging() -> None:
    stream = _configured(level="debug")
    logging.getLogger("aiohttp").debug("heard")
    assert len(_lines(stream)) == 1


def test_numbers_are_shown_in_full_only_when_told() -> None:
    masked, full = _configured(), None
    structlog.get_logger("engine").info("call.to_nobody", did=NUMBER)
    assert _lines(masked)[0]["did"] == "+493023125xxx"
    full = _configured(numbers="full")
    structlog.get_logger("engine").info("call.to_nobody", did=NUMBER, pin="4711")
    assert _lines(full)[0]["did"] == NUMBER
    assert _lines(full)[0]["pin"] == "***"


@pytest.mark.parametrize("form", ["json", "console"])
def test_tracebacks_are_masked(form: str) -> None:
    stream = _configured(form=form)
    try:
        raise ValueError(f"no such caller: {NUMBER}")
    except ValueError:
        structlog.get_logger("engine").exception("adapter.fault")
    assert "ValueError: no such caller: +493023125xxx" in stream.getvalue()
    assert NUMBER not in stream.getvalue()


def test_the_console_shows_the_same_without_colours_in_a_file() -> None:
    stream = _configured(form="console")
    structlog.get_logger("engine").info("call.begun", call="c-3", e164=NUMBER)
    assert "call.begun" in stream.getvalue()
    assert "e164=+493023125xxx" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from +493023125001 to +4915228817386", "from +493023125xxx to +4915228817xxx"),
        ("+49 30 23125 001 called", "+49 30 23125 xxx called"),
        ("+49 (30) 23125-001", "+49 (30) 23125-xxx"),
        ("00493023125001,03023125001", "00493023125xxx,03023125xxx"),
        ("030 23125 001", "030 23125 xxx"),
        ("<sip:493023125001@192.0.2.1>", "<sip:493023125xxx@192.0.2.1>"),
        ("sip:+493023125001@host;user=phone", "sip:+493023125xxx@host;user=phone"),
        ("tel:493023125001", "tel:493023125xxx"),
        ('{"caller": {"number": "493023125001"}}', '{"caller": {"number": "493023125xxx"}}'),
        ("{'number': '03023125001', 'name': ''}", "{'number': '03023125xxx', 'name': ''}"),
    ],
)
def test_numbers_are_found_in_text(text: str, shown: str) -> None:
    assert _masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "1795295413.170115",
        "engine-1-1795295413.170115-a1",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "192.0.2.10:5060",
        "2026-11-21T22:16:00.123456Z",
        "2026-11-21T22:16:00+02:00",
        "paid until 1795295413170",
        "0.000001",
        "tariff-p1990000-EUR-conversation-a10",
        "balance 1990000 held 990000",
        "60/60",
        "0x7f5a1c0329d0",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert _masked(text) == text


@pytest.mark.parametrize("key", ["e164", "did", "from_user", "caller_number", "number", "to"])
def test_bare_digits_under_a_key_that_names_a_number(key: str) -> None:
    assert _masked("493023125001", key) == "493023125xxx"


def test_numbers_are_masked_however_deep_they_lie() -> None:
    event = {"caller": {"numbers": [NUMBER, {"e164": 493023125001}]}, "legs": (NUMBER,)}
    assert logs.mask_numbers(None, "info", dict(event)) == {
        "caller": {"numbers": ["+493023125xxx", {"e164": "493023125xxx"}]},
        "legs": ["+493023125xxx"],
    }


def test_objects_are_masked_as_they_are_shown() -> None:
    class Leg:
        def __repr__(self) -> str:
            return f"Leg({NUMBER})"

    assert _masked(Leg()) == "Leg(+493023125xxx)"  # type: ignore[arg-type] # any object may be logged


@pytest.mark.parametrize(
    "key", ["password", "ari_password", "pin", "caller_pin", "api_key", "Authorization", "token"]
)
def test_secrets_are_never_shown(key: str) -> None:
    assert logs.hide_secrets(None, "info", {key: "hunter2"}) == {key: "***"}
    assert logs.hide_secrets(None, "info", {"headers": {key: "hunter2"}}) == {
        "headers": {key: "***"}
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://groschen:hunter2@db/groschen", "postgresql://***@db/groschen"),
        ("redis://:hunter2@[::1]:6379", "redis://***@[::1]:6379"),
        ("GET /ari/events?app=g&api_key=u:hunter2", "GET /ari/events?app=g&api_key=***"),
        ("mail to ops@example.org", "mail to ops@example.org"),
        ("spinning up", "spinning up"),
    ],
)
def test_secrets_within_addresses(text: str, shown: str) -> None:
    assert logs.hide_secrets(None, "info", {"url": text}) == {"url": shown}


@given(st.integers(10**9, 10**14))
def test_no_international_number_leaves_its_end(digits: int) -> None:
    shown = _masked(f"x +{digits} y")
    assert str(digits)[-3:] != shown.split()[1][-3:]
    assert shown == f"x +{str(digits)[:-3]}xxx y"
