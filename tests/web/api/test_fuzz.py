"""The document held against the running interface: whatever fits it or does not, it is kept.

Requests are drawn from the document itself, always the same ones, against a server on a port of
its own with real accounts and orders in it, so that not all of them end at "not found".
"""

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from requests import Session
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema

from engine.core.money import MICROS
from engine.flows.money.movements import Why
from engine.flows.payments.till import Wish
from engine.ports.operators import Scope
from engine.web.api.contract import NoQuery, Route
from engine.web.api.document import document
from engine.web.api.gate import PREFIX, ROUTES
from engine.web.api.once import HEADER
from engine.web.guard import Guard
from engine.web.server import listen, serving
from tests.verification.cases import MERCHANT
from tests.web.site import LANDLINE, ORGANISATION, PROFILE, open_site, site_inventory

EXAMPLES = 15
START_TIMEOUT_S = 30
NAMES = [route.name for route in ROUTES]
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Live:
    """A running interface: where it is, a key to it, an account and a manual order in it."""

    address: str
    key: str
    ids: dict[str, str]


async def serve(file: Path, started: "Future[Live]", stop: asyncio.Event) -> None:
    """Serve until told to stop."""
    guard = Guard(a_minute=100_000, key_a_minute=100_000)
    async with open_site(file, site_inventory(), guard=guard) as bench:
        key = await bench.site.keys.create(ORGANISATION, "fuzz", tuple(Scope))
        wish = Wish(
            profile=PROFILE, provider="manual", e164=LANDLINE, pay_micros=20 * MICROS, lang="de"
        )
        order = (await bench.site.till.begin(wish)).order
        why = Why(key="start", reason="start", author="test")
        await bench.site.money.credit(order.account_id, 5_000 * MICROS, why)
        ids = {"account_id": order.account_id, "order_id": order.order_id}
        ids |= {"profile": PROFILE, "merchant": MERCHANT.name}
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        async with serving(bench.site, listener):
            started.set_result(Live(f"http://127.0.0.1:{port}{PREFIX}", key.text, ids))
            await stop.wait()


@pytest.fixture(scope="module")
def live(empty_books: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The interface in a loop and thread of its own, since what asks here does not await."""
    file = Path(shutil.copy(empty_books, tmp_path_factory.mktemp("fuzz")))
    started: Future[Live] = Future()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        try:
            loop.run_until_complete(serve(file, started, stop))
        except Exception as error:
            if not started.done():
                started.set_exception(error)
            raise
        finally:
            loop.close()

    with ExitStack() as stack:
        thread = Thread(target=run)
        thread.start()
        stack.callback(thread.join)
        answer = started.result(START_TIMEOUT_S)
        stack.callback(loop.call_soon_threadsafe, stop.set)
        yield answer


@pytest.fixture(scope="module")
def session(live: Live) -> Iterator[Session]:
    with Session() as opened:
        opened.headers["Authorization"] = f"Bearer {live.key}"
        yield opened


def schema() -> BaseSchema:
    """The document, as what requests are drawn from."""
    read = schemathesis.openapi.from_dict(document(ROUTES, PREFIX))
    # What fits a schema may still break a rule that no schema can say, such as a number nobody has.
    read.config.checks.positive_data_acceptance.expected_statuses += ["422"]
    return read


SCHEMA = schema()


def ask(live: Live, session: Session, route: Route[Any, Any], mode: GenerationMode) -> None:
    """Draw requests to a route and hold each answer against the document.

    What is drawn to misfit has a path that fits, so that it is body and query that do not, unless
    there is nothing but the path.
    """
    has_more = mode is GenerationMode.POSITIVE or route.has_body or route.query is not NoQuery
    ids = {name: named for name, named in live.ids.items() if f"{{{name}}}" in route.path}
    held: dict[str, Any] = {"path_parameters": ids} if ids and has_more else {}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=SCHEMA[route.path][route.method].as_strategy(mode, **held))
    def hold(case: Case[Any]) -> None:
        if route.is_write and mode is GenerationMode.POSITIVE:
            # The same few keys are drawn for every route: most would be another request's.
            case.headers[HEADER] = f"fuzz-{next(NUMBERS)}"
        case.call_and_validate(base_url=live.address, session=session, timeout=20)

    hold()


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_what_fits_the_document(live: Live, session: Session, route: Route[Any, Any]) -> None:
    ask(live, session, route, GenerationMode.POSITIVE)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_what_does_not_fit_it(live: Live, session: Session, route: Route[Any, Any]) -> None:
    ask(live, session, route, GenerationMode.NEGATIVE)
