"""The page's own style and script; their addresses change with their content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

KINDS: Mapping[str, str] = {"topup.css": "text/css", "topup.js": "text/javascript"}
A_YEAR_S = 365 * 24 * 3600

_FOLDER = Path(__file__).parent / "static"
_CONTENT = {name: (_FOLDER / name).read_bytes() for name in KINDS}


def address(name: str) -> str:
    """Where a page finds a file, as it is now."""
    version = hashlib.sha256(_CONTENT[name]).hexdigest()[:12]
    return f"/topup/static/{name}?v={version}"


async def give(request: web.Request) -> web.Response:
    """One of the files."""
    name = request.match_info["name"]
    if name not in KINDS:
        raise web.HTTPNotFound
    return web.Response(
        body=_CONTENT[name],
        content_type=KINDS[name],
        charset="utf-8",
        headers={"Cache-Control": f"public, max-age={A_YEAR_S}, immutable"},
    )
