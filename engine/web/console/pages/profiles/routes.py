"""Billing profiles: what customers pay in and how, the page they see, each month's statement."""

import asyncio

from aiohttp import web

from engine.core.inventory import BillingProfile
from engine.core.roles import Right
from engine.flows.papers.month import months_listed
from engine.flows.payments.till import MANUAL
from engine.flows.statement.pdf import pdf
from engine.flows.statement.sheet import csv_text
from engine.flows.statement.statement import draw_up
from engine.flows.statement.words import LANGUAGES
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.pages.configuration import drafting
from engine.web.console.pages.configuration.editing import Editing, Field, Form, Kind
from engine.web.console.papers import handed_over, wanted_paper
from engine.web.console.route import Handler, Route, Subject
from engine.web.topup.page import snippet_of

PROFILES = "/console/profiles"
ONE = f"{PROFILES}/{{profile}}"


def _path(asked: Asked) -> str:
    return f"{PROFILES}/{asked.found(BillingProfile).name}"


EDITING = Editing(
    Form(
        section="profiles",
        template="profiles/edit.html",
        name=lambda asked, _files: asked.found(BillingProfile).name,
        path=_path,
        groups={
            "page": (
                Field("title"),
                Field("amounts", Kind.AMOUNTS),
                Field("sites", Kind.LINES),
            ),
            "fees": (
                Field("fees.per_month", Kind.MONEY),
                Field("fees.per_call", Kind.MONEY),
                Field("fees.percent_of_calls", Kind.MONEY),
            ),
        },
    )
)
"""What the operator changes; the fees are what he charges the line owner."""

OWNERS_EDITING = Editing(
    Form(
        section="profiles",
        template="profiles/edit.html",
        name=EDITING.form.name,
        path=_path,
        groups={"page": EDITING.form.groups["page"]},
    )
)
"""What the line owner may change himself."""


async def find(asked: Asked) -> Belongs | None:
    """The profile that the address names."""
    return asked.site.inventory().profile(asked.request.match_info["profile"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """All profiles."""
    inventory = asked.site.inventory()
    profiles = [p for p in inventory.profiles if asked.organisation in (None, p.organisation)]
    services = {
        p.name: [s.title or s.name for s in inventory.services if s.profile == p.name]
        for p in profiles
    }
    return asked.render("profiles/list.html", profiles=profiles, services=services)


async def show(asked: Asked) -> web.StreamResponse:
    """One profile: what is paid in and how, what to paste, what it looks like, statements."""
    profile = asked.found(BillingProfile)
    providers = [
        (terms.provider, asked.site.till.provider(profile.name, terms.provider) is not None)
        for terms in profile.providers
    ]
    return asked.render(
        "profiles/profile.html",
        profile=profile,
        providers=providers,
        manual=MANUAL,
        snippet=snippet_of(asked.site, profile, asked.texts.lang),
        months=months_listed(asked.site.clock.now().wall_ms),
        standing=await drafting.standing(asked),
    )


async def give_statement(asked: Asked) -> web.StreamResponse:
    """A month's statement as a file."""
    profile = asked.found(BillingProfile)
    month, form = wanted_paper(asked)
    site, words = asked.site, LANGUAGES[asked.texts.lang]
    now_ms = site.clock.now().wall_ms
    made = await draw_up(site.reading.statements, site.inventory(), profile.name, month, now_ms)
    content = (
        await asyncio.to_thread(pdf, made, words) if form == "pdf" else csv_text(made).encode()
    )
    return handed_over(asked, profile.name, month, form, content)


async def edit(asked: Asked) -> web.StreamResponse:
    """The form with what is in force."""
    return await _editing(asked).show(asked)


async def check(asked: Asked) -> web.StreamResponse:
    """The form with what was typed, and what it would change."""
    return await _editing(asked).check(asked)


async def apply(asked: Asked) -> web.StreamResponse:
    """Put in force what was looked at."""
    return await _editing(asked).apply(asked)


async def again(asked: Asked) -> web.StreamResponse:
    """The form with what was typed, after a fault."""
    return await _editing(asked).again(asked)


def _editing(asked: Asked) -> Editing:
    return EDITING if asked.is_operators else OWNERS_EDITING


def _change(path: str, handler: Handler, verb: str, again: Handler) -> Route:
    return Route(
        "POST",
        f"{ONE}/edit/{path}",
        Right.SERVICES_WRITE,
        handler,
        finds=find,
        action=f"profiles.{verb}",
        again=again,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", PROFILES, Right.SERVICES_READ, show_all),
        Route("GET", ONE, Right.SERVICES_READ, show, finds=find),
        Route("GET", f"{ONE}/edit", Right.SERVICES_WRITE, edit, finds=find),
        _change("check", check, "check", edit),
        _change("apply", apply, "set", again),
        Route(
            "GET",
            f"{ONE}/statement",
            Right.MONEY_READ,
            give_statement,
            finds=find,
            action="profiles.export",
            is_page=False,
        ),
    ),
    menu=(Item(Section.BUSINESS, PROFILES, Right.SERVICES_READ, "profiles.title", place=60),),
)
