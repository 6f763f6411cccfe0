"""The console's styles and script; their addresses change with their content."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aiohttp import web

KINDS: Mapping[str, str] = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "pico.min.css": "text/css",
}
PATH = "/console/static/{name}"
A_YEAR_S = 365 * 24 * 3600

_FOLDER = Path(__file__).parent / "static"


@cache
def _content(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


@cache
def address(name: str) -> str:
    """Where a page finds a file, as it is now."""
    version = hashlib.sha256(_content(name)).hexdigest()[:12]
    return f"{PATH.format(name=name)}?v={version}"


async def give(request: web.Request) -> web.Response:
    """One of the files."""
    name = request.match_info["name"]
    if name not in KINDS:
        raise web.HTTPNotFound
    return web.Response(
        body=_content(name),
        content_type=KINDS[name],
        charset="utf-8",
        headers={"Cache-Control": f"public, max-age={A_YEAR_S}, immutable"},
    )
