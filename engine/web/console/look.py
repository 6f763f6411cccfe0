"""Pages from templates, under a policy by which nothing runs or is drawn but files of ours.

A template of the shell is named by itself (`layout.html`), a subject's by its room
(`users/list.html`).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aiohttp import web
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader

from engine.web.console import assets
from engine.web.parts.templates import environment

HERE = Path(__file__).parent

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; frame-src 'self'; media-src 'self'; form-action 'self'; "
        "base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not `no-referrer`: with it a browser says of a form of ours that it comes from nowhere.
    "Referrer-Policy": "same-origin",
}


@cache
def _templates() -> Environment:
    rooms = {
        room.parent.name: FileSystemLoader(room)
        for room in sorted((HERE / "pages").glob("*/templates"))
    }
    loaders = [FileSystemLoader(HERE / "templates"), PrefixLoader(rooms)]
    made = environment(ChoiceLoader(loaders))
    made.globals["asset"] = assets.FILES.address
    return made


def page(template: str, context: Mapping[str, object], status: int = 200) -> web.Response:
    """A page."""
    content = piece(template, context)
    return web.Response(status=status, text=content, content_type="text/html", headers=HEADERS)


def piece(template: str, context: Mapping[str, object]) -> str:
    """The text of a template: a page, or a part of one that is sent anew."""
    return _templates().get_template(template).render(context)
