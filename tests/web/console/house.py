"""A console with people in it: a user of each role in two organisations, and the operator's staff.

Each subject has a file in `subjects`: who may use which of its routes (`ROWS`), and how its records
are made (`seed`), one of ours and one of another organisation for each name in a path.
"""

import asyncio
import importlib
import io
import pkgutil
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer

from engine.core.inventory import (
    Agent,
    BillingProfile,
    HuntGroup,
    Inventory,
    Organisation,
    Trunk,
)
from engine.core.number import NumberFormat
from engine.core.roles import Role
from engine.flows.access.signing_in import form_token, session_hash
from engine.flows.dialplan.own import OwnDialplan
from engine.ports.clock import Clock
from engine.ports.users import Session, User
from engine.web.console import ROUTES
from engine.web.console.route import Route
from engine.web.guard import Guard
from engine.web.server import make_app
from tests.web.console import subjects
from tests.web.site import (
    ORGANISATION,
    Bench,
    Client,
    open_site,
    service,
    site_inventory,
    tariff,
)

ORIGIN = "https://console.example"
OTHERS = "bolt"
PASSWORD = "correct horse battery"
HTML = {"Accept": "text/html"}
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Row:
    """Who may use a route: roles by name. `form` is what makes its request a sound one; bytes are
    a file that comes with it. `staff` are the roles of the operator's staff for whom the records of
    all organisations are there, where they are not there for all of `roles`."""

    roles: str
    form: Mapping[str, str | bytes] = field(default_factory=dict)
    staff: str | None = None

    def allows(self, role: Role) -> bool:
        return role.value in self.roles.split()

    def reaches_all(self, role: Role) -> bool:
        return role.value in (self.roles if self.staff is None else self.staff).split()


ALL = " ".join(Role)
READERS = "owner admin auditor"
MASTERS = "owner admin"
NOBODY_OF_ORGANISATION = ""
OPEN = "open"
"""The rows of routes for which nobody need have signed in."""


@dataclass
class House:
    """The site, its people, and the records that paths name: `own` and `foreign`, by name.

    `work` is what goes on in it (an engine that answers), ended when it is left.
    """

    bench: Bench
    client: Client
    people: dict[Role, User] = field(default_factory=dict)
    staff: dict[Role, User] = field(default_factory=dict)
    others: dict[Role, User] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    work: list[asyncio.Task[None]] = field(default_factory=list)

    async def add(self, organisation: str | None, name: str, role: Role = Role.AGENT) -> User:
        """Somebody more, who has chosen his password (`PASSWORD`)."""
        made = await self.bench.site.people.add(organisation, name, role, PASSWORD)
        return made.user

    def know(self, other: "House") -> None:
        """Whom and what another house on the same books knows."""
        for name in ("people", "staff", "others", "own", "foreign"):
            setattr(self, name, dict(getattr(other, name)))

    async def session(self, user: User, *, proved: bool = True) -> str:
        """The secret of a new session."""
        secret = secrets.token_urlsafe(32)
        now_ms = self.bench.site.clock.now().wall_ms
        session = Session(
            session_hash=session_hash(secret),
            user_id=user.user_id,
            proved=proved,
            begun_ms=now_ms,
            seen_ms=now_ms,
            ends_ms=now_ms + HOUR_MS,
            address="203.0.113.9",
            browser="Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
        )
        await self.bench.site.people.sessions.begin(session, user, most=500)
        return secret

    async def token(self, secret: str) -> str:
        """What the session's forms carry, by whose records it looks at now."""
        found = await self.bench.site.people.sessions.session(session_hash(secret))
        if found is None:
            return form_token(secret)
        session, user = found
        return form_token(secret, user.organisation or session.organisation)

    async def ask(
        self,
        method: str,
        path: str,
        user: User | None = None,
        form: Mapping[str, str | bytes] | None = None,
        *,
        secret: str = "",
        headers: Mapping[str, str] = HTML,
    ) -> ClientResponse:
        """What a browser is answered; forms carry their token and are confirmed."""
        secret = secret or (await self.session(user) if user is not None else "")
        cookie = {"Cookie": f"__Host-groschen-session={secret}"} if secret else {}
        sent = {**headers, **cookie}
        if method == "GET":
            return await self.client.get(path, headers=sent, allow_redirects=False)
        typed = {"_token": await self.token(secret), "_confirmed": "yes", **(form or {})}
        return await self.client.request(
            method,
            path,
            data=_sent(typed),
            headers={"Sec-Fetch-Site": "same-origin", **sent},
            allow_redirects=False,
        )


def _sent(typed: Mapping[str, str | bytes]) -> FormData | dict[str, str]:
    """The form as a browser sends it: in parts if a file is among them."""
    texts = {name: value for name, value in typed.items() if isinstance(value, str)}
    if len(texts) == len(typed):
        return texts
    parts = FormData()
    for name, value in typed.items():
        if isinstance(value, bytes):
            parts.add_field(
                name, io.BytesIO(value), filename="recording.wav", content_type="audio/wav"
            )
        else:
            parts.add_field(name, value)
    return parts


def subjects_there_are() -> list[ModuleType]:
    """The subjects' files, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(subjects.__path__))
    return [importlib.import_module(f"{subjects.__name__}.{name}") for name in names]


def rows() -> dict[tuple[str, str], Row]:
    """Every subject's rows."""
    return {key: row for subject in subjects_there_are() for key, row in subject.ROWS.items()}


def path_of(route: Route, ids: Mapping[str, str]) -> str:
    """A route's path with the ids of records in it."""
    return route.path.format_map(ids)


def staffed(inventory: Inventory) -> Inventory:
    """With agents of both organisations, some of whom may sign in, and a service of the others."""
    users = {"a1": Role.AGENT, "a2": Role.OWNER, "a3": Role.ADMIN}
    ours = tuple(
        Agent(name=name, organisation=ORGANISATION, user=f"{role}@sternlicht.example")
        for name, role in users.items()
    )
    carrier = Trunk(name="carrier", host="127.0.0.1", number_format=NumberFormat.E164_PLUS)
    theirs = Agent(name="b1", organisation=OTHERS, user="agent@bolt.example")
    advisers = HuntGroup(name="advisers", organisation=ORGANISATION, agents=tuple(users))
    sales = HuntGroup(name="sales", organisation=OTHERS, agents=("b1",))
    shop = replace(inventory.merchants[0], name="bolt-shop", organisation=OTHERS, title="")
    bolt = service("schrauben", "+493023125002", tariff(990_000, 990_000))
    return replace(
        inventory,
        trunks=(carrier,),
        agents=(*ours, theirs),
        groups=(advisers, sales),
        merchants=(*inventory.merchants, shop),
        profiles=(
            *inventory.profiles,
            BillingProfile(name=f"{OTHERS}-eur", organisation=OTHERS, currency="EUR"),
        ),
        services=(
            *inventory.services,
            replace(bolt, organisation=OTHERS, group="sales", profile=f"{OTHERS}-eur"),
        ),
    )


@asynccontextmanager
async def open_house(
    books: Path,
    *,
    origin: str = ORIGIN,
    inventory: Inventory | None = None,
    database: str = "",
    clock: Clock | None = None,
    dialplan: OwnDialplan | None = None,
) -> AsyncIterator[House]:
    """A house without people or records, on the books in a file, or in the `database` with this
    address."""
    both = (
        Organisation(name=ORGANISATION, title="Sternlicht Beratung GmbH"),
        Organisation(name=OTHERS, title="Bolt & Söhne KG"),
    )
    inventory = inventory or staffed(replace(site_inventory(), organisations=both))
    guard = Guard(a_minute=10_000)
    async with (
        open_site(
            books,
            inventory,
            origin=origin,
            guard=guard,
            database=database,
            clock=clock,
            dialplan=dialplan,
        ) as bench,
        TestClient(TestServer(make_app(bench.site))) as client,
    ):
        house = House(bench, client)
        try:
            yield house
        finally:
            for task in house.work:
                task.cancel()
            await asyncio.gather(*house.work, return_exceptions=True)


async def settle(house: House) -> None:
    """Move the people in."""
    for role in Role:
        house.people[role] = await house.add(ORGANISATION, f"{role}@sternlicht.example", role)
        house.others[role] = await house.add(OTHERS, f"{role}@bolt.example", role)
        house.staff[role] = await house.add(None, f"{role}@operator.example", role)


async def furnish(house: House) -> None:
    """Make every subject's records."""
    for subject in subjects_there_are():
        await subject.seed(house)
    await revive(house)


async def revive(house: House) -> None:
    """Make what is in the store alone, which a house on copied books begins without."""
    for subject in subjects_there_are():
        if hasattr(subject, "revive"):
            await subject.revive(house)


def routes_by_key() -> dict[tuple[str, str], Route]:
    return {(route.method, route.path): route for route in ROUTES}
