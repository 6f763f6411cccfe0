"""Services: what there is, one with its price and its running calls, both changed in forms."""

from aiohttp import web

from engine.core.inventory import Service
from engine.core.roles import Right
from engine.flows.versions.samples import samples
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.pages.configuration import drafting
from engine.web.console.pages.services.forms import PRICE, SERVICE, SERVICES
from engine.web.console.route import Handler, Route, Subject

ONE = f"{SERVICES}/{{service}}"


async def find(asked: Asked) -> Belongs | None:
    """The service that the address names."""
    name = asked.request.match_info["service"]
    return next((s for s in asked.site.inventory().services if s.name == name), None)


async def show_all(asked: Asked) -> web.StreamResponse:
    """All services with their prices."""
    ours = (
        service
        for service in asked.site.inventory().services
        if asked.organisation in (None, service.organisation)
    )
    services = sorted(ours, key=lambda service: service.title or service.name)
    standing = await drafting.standing(asked)
    return asked.render("services/list.html", services=services, standing=standing)


async def show(asked: Asked) -> web.StreamResponse:
    """One service: its price, what calls cost, who talks now and at which price."""
    service = asked.found(Service)
    live = await asked.site.live.calls(service.organisation)
    calls = [call for call in live if call.service == (service.title or service.name)]
    return asked.render(
        "services/service.html",
        service=service,
        samples=samples(service.tariff, service.tariff),
        calls=calls,
        version=asked.site.inventory().version,
        standing=await drafting.standing(asked),
    )


def _change(path: str, handler: Handler, verb: str, again: Handler) -> Route:
    return Route(
        "POST",
        f"{ONE}/{path}",
        Right.SERVICES_WRITE,
        handler,
        finds=find,
        action=f"services.{verb}",
        again=again,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", SERVICES, Right.SERVICES_READ, show_all),
        Route("GET", ONE, Right.SERVICES_READ, show, finds=find),
        Route("GET", f"{ONE}/price", Right.SERVICES_WRITE, PRICE.show, finds=find),
        _change("price/check", PRICE.check, "check_price", PRICE.show),
        _change("price/apply", PRICE.apply, "set_price", PRICE.again),
        _change("price/replay", PRICE.replay, "replay_price", PRICE.again),
        Route("GET", f"{ONE}/edit", Right.SERVICES_WRITE, SERVICE.show, finds=find),
        _change("edit/check", SERVICE.check, "check", SERVICE.show),
        _change("edit/apply", SERVICE.apply, "set", SERVICE.again),
        _change("edit/replay", SERVICE.replay, "replay", SERVICE.again),
    ),
    menu=(Item(Section.LINES, SERVICES, Right.SERVICES_READ, "services.title", place=10),),
)
