"""`groschen webhook`: where programs are told what happens, and what came of it."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import click

from engine.app import Books
from engine.app.plan import web_plan_of
from engine.app.site import webhooks_of
from engine.cli.books.acts import acted
from engine.cli.books.opening import inventory_in_force, json_option, organisation_of, run
from engine.cli.lines import write
from engine.core.instant import write_time
from engine.core.webhook import WANTED, EventType
from engine.errors import CallerError
from engine.flows.webhooks import Revealed, Webhooks
from engine.flows.webhooks.webhooks import CONCURRENCY_DEFAULT, CONCURRENCY_MOST
from engine.ports.webhooks.deliveries import Delivery, DeliveryFilter, DeliveryState
from engine.ports.webhooks.endpoints import Endpoint
from engine.settings import Settings

LISTED_MOST = 1_000

T = TypeVar("T")

organisation_option = click.option(
    "--organisation", help="Whose it is; the only organisation if not given."
)


@click.group("webhook")
def webhook() -> None:
    """Tell programs what happens (Standard Webhooks), and see what came of it."""


@webhook.command("add")
@click.argument("url")
@click.option(
    "--event",
    "events",
    type=click.Choice([kind.value for kind in WANTED]),
    multiple=True,
    help="What it is told; may be given several times. All if not given.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, CONCURRENCY_MOST),
    default=CONCURRENCY_DEFAULT,
    show_default=True,
    help="How many each engine may send at once.",
)
@organisation_option
@json_option
def add(
    url: str,
    events: tuple[str, ...],
    concurrency: int,
    organisation: str | None,
    as_json: bool,
) -> None:
    """Let URL be told what happens from now on; its secret is shown this once.

    \b
    Example:
      groschen webhook add https://www.example.org/webhooks --event payment.credited
    """

    async def work(books: Books, settings: Settings) -> Revealed:
        owner = organisation_of(await inventory_in_force(books, settings), organisation)
        wanted = [EventType(kind) for kind in events] or list(WANTED)
        once = f"cli:{uuid.uuid4().hex}"
        webhooks = _opened(books, settings)
        return await acted(
            books,
            "webhooks.add",
            lambda: webhooks.add(owner, url, wanted, concurrency, once),
            organisation=owner,
            told=lambda made: {"endpoint": made.endpoint.endpoint_id},
        )

    _reveal(run(work, as_json=as_json), as_json)


@webhook.command("list")
@click.option("--organisation", help="This organisation's alone.")
@json_option
def list_endpoints(organisation: str | None, as_json: bool) -> None:
    """List endpoints, oldest first.

    \b
    Example:
      groschen webhook list
    """

    async def work(books: Books, settings: Settings) -> Sequence[Endpoint]:
        return await _opened(books, settings).endpoints.endpoints(organisation)

    for endpoint in run(work, as_json=as_json):
        _tell(endpoint, as_json)


@webhook.command("rotate")
@click.argument("endpoint_id")
@organisation_option
@json_option
def rotate(endpoint_id: str, organisation: str | None, as_json: bool) -> None:
    """Give an endpoint a new secret, shown this once; the old one signs for 24 hours yet.

    \b
    Example:
      groschen webhook rotate 5d0f6c1b2a3e4f50
    """

    def act(webhooks: Webhooks, owner: str) -> Awaitable[Revealed | None]:
        return webhooks.rotate(owner, endpoint_id)

    _reveal(_run_on("rotate", f"endpoint {endpoint_id}", act, organisation, as_json), as_json)


@webhook.command("delete")
@click.argument("endpoint_id")
@organisation_option
@json_option
def delete(endpoint_id: str, organisation: str | None, as_json: bool) -> None:
    """Tell an endpoint nothing any more; what waits for it is given up.

    \b
    Example:
      groschen webhook delete 5d0f6c1b2a3e4f50
    """

    def act(webhooks: Webhooks, owner: str) -> Awaitable[Endpoint | None]:
        return webhooks.delete(owner, endpoint_id)

    _tell(_run_on("delete", f"endpoint {endpoint_id}", act, organisation, as_json), as_json)


@webhook.command("disable")
@click.argument("endpoint_id")
@organisation_option
@json_option
def disable(endpoint_id: str, organisation: str | None, as_json: bool) -> None:
    """Tell an endpoint nothing until it is enabled; what waits for it is given up.

    \b
    Example:
      groschen webhook disable 5d0f6c1b2a3e4f50
    """

    def act(webhooks: Webhooks, owner: str) -> Awaitable[Endpoint | None]:
        return webhooks.disable(owner, endpoint_id)

    _tell(_run_on("disable", f"endpoint {endpoint_id}", act, organisation, as_json), as_json)


@webhook.command("enable")
@click.argument("endpoint_id")
@organisation_option
@json_option
def enable(endpoint_id: str, organisation: str | None, as_json: bool) -> None:
    """Tell an endpoint again that was disabled, was gone, or failed for days.

    \b
    Example:
      groschen webhook enable 5d0f6c1b2a3e4f50
    """

    def act(webhooks: Webhooks, owner: str) -> Awaitable[Endpoint | None]:
        return webhooks.enable(owner, endpoint_id)

    _tell(_run_on("enable", f"endpoint {endpoint_id}", act, organisation, as_json), as_json)


@webhook.command("ping")
@click.argument("endpoint_id")
@organisation_option
@json_option
def ping(endpoint_id: str, organisation: str | None, as_json: bool) -> None:
    """Let a running engine send an endpoint a trial.

    \b
    Example:
      groschen webhook ping 5d0f6c1b2a3e4f50
    """

    def act(webhooks: Webhooks, owner: str) -> Awaitable[Delivery | None]:
        return webhooks.ping(owner, endpoint_id, f"cli:{uuid.uuid4().hex}")

    _tell_delivery(_run_on("ping", f"endpoint {endpoint_id}", act, organisation, as_json), as_json)


@webhook.command("deliveries")
@click.option("--endpoint", "endpoint_id", help="To this endpoint alone.")
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]))
@click.option(
    "--most", type=click.IntRange(1, LISTED_MOST), default=50, show_default=True, help="How many."
)
@organisation_option
@json_option
def deliveries(
    endpoint_id: str | None,
    state: str | None,
    most: int,
    organisation: str | None,
    as_json: bool,
) -> None:
    """List deliveries, newest first, each with its last try.

    \b
    Example:
      groschen webhook deliveries --state given_up
    """

    async def work(books: Books, settings: Settings) -> Sequence[Delivery]:
        wanted = DeliveryFilter(
            organisation=organisation_of(await inventory_in_force(books, settings), organisation),
            endpoint_id=endpoint_id,
            state=DeliveryState(state) if state is not None else None,
            most=most,
        )
        return await _opened(books, settings).deliveries.deliveries(wanted)

    for delivery in run(work, as_json=as_json):
        _tell_delivery(delivery, as_json)


@webhook.command("resend")
@click.argument("delivery_id")
@organisation_option
@json_option
def resend(delivery_id: str, organisation: str | None, as_json: bool) -> None:
    """Let a running engine send a delivery again, from the first try on.

    \b
    Example:
      groschen webhook resend 0c5b7b0a4a5e4f4c9c9f3e0d7a6b5c4d
    """

    def act(webhooks: Webhooks, owner: str) -> Awaitable[Delivery | None]:
        return webhooks.resend(owner, delivery_id)

    again = _run_on("resend", f"delivery {delivery_id}", act, organisation, as_json)
    _tell_delivery(again, as_json)


def _opened(books: Books, settings: Settings) -> Webhooks:
    return webhooks_of(web_plan_of(settings), books.ledger, books.clock)


def _run_on(
    verb: str,
    named: str,
    act: Callable[[Webhooks, str], Awaitable[T | None]],
    organisation: str | None,
    as_json: bool,
) -> T:
    """Do something to one thing of an organisation's, such as `endpoint 5d0f6c1b2a3e4f50`."""

    async def work(books: Books, settings: Settings) -> T:
        owner = organisation_of(await inventory_in_force(books, settings), organisation)

        async def change() -> T:
            found = await act(_opened(books, settings), owner)
            if found is None:
                raise CallerError(f"there is no {named}")
            return found

        target = f"webhooks/{named.rpartition(' ')[2]}"
        return await acted(books, f"webhooks.{verb}", change, organisation=owner, target=target)

    return run(work, as_json=as_json)


def _reveal(revealed: Revealed, as_json: bool) -> None:
    """The secret alone goes to the output, so that it can be kept at once."""
    if as_json:
        write({**_shown(revealed.endpoint), "secret": revealed.secret})
        return
    click.echo(
        f"Endpoint {revealed.endpoint.endpoint_id}. Its secret is not shown again:", err=True
    )
    click.echo(revealed.secret)


def _tell(endpoint: Endpoint, as_json: bool) -> None:
    shown = _shown(endpoint)
    if as_json:
        write(shown)
        return
    events = ",".join(endpoint.events)
    named = f"{endpoint.endpoint_id}  {endpoint.organisation}  {endpoint.state}"
    click.echo(f"{named} since {shown['since']}  {events}  {endpoint.url}")


def _shown(endpoint: Endpoint) -> Mapping[str, object]:
    return {
        "endpoint_id": endpoint.endpoint_id,
        "organisation": endpoint.organisation,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "concurrency": endpoint.concurrency,
        "state": endpoint.state,
        "since": write_time(endpoint.state_ms),
        "failing_since": _time(endpoint.failing_since_ms),
    }


def _tell_delivery(delivery: Delivery, as_json: bool) -> None:
    shown = {
        "delivery_id": delivery.delivery_id,
        "endpoint_id": delivery.endpoint_id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "object_id": delivery.object_id,
        "created": write_time(delivery.created_ms),
        "state": delivery.state,
        "tries": delivery.tries,
        "next": _time(delivery.next_ms),
        "tried": _time(delivery.tried_ms),
        "status": delivery.status,
        "latency_ms": delivery.latency_ms,
        "answer": delivery.answer,
    }
    if as_json:
        write(shown)
        return
    line = "{created}  {delivery_id}  {type}  {object_id}  {state}  tries {tries}".format(**shown)
    if delivery.tried_ms is not None:
        line += f"  {delivery.status or '-'} in {delivery.latency_ms} ms  {delivery.answer}"
    click.echo(line)


def _time(at_ms: int | None) -> str | None:
    return write_time(at_ms) if at_ms is not None else None
