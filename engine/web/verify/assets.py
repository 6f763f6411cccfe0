"""The widget's style and scripts; the addresses of what its page loads change with the content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

KINDS: Mapping[str, str] = {"verify.css": "text/css", "verify.js": "text/javascript"}
WIDGET = "widget.js"
A_YEAR_S = 365 * 24 * 3600
WIDGET_KEPT_S = 300

_FOLDER = Path(__file__).parent / "static"
_CONTENT = {name: (_FOLDER / name).read_bytes() for name in (*KINDS, WIDGET)}


def address(name: str) -> str:
    """Where the page finds a file, as it is now."""
    version = hashlib.sha256(_CONTENT[name]).hexdigest()[:12]
    return f"/verify/static/{name}?v={version}"


async def give(request: web.Request) -> web.Response:
    """One of the files."""
    name = request.match_info["name"]
    if name not in KINDS:
        raise web.HTTPNotFound
    return _file(name, KINDS[name], f"public, max-age={A_YEAR_S}, immutable")


async def widget(_request: web.Request) -> web.Response:
    """The script that a merchant's page names: any site's page may load it."""
    answer = _file(WIDGET, "text/javascript", f"public, max-age={WIDGET_KEPT_S}")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _file(name: str, kind: str, kept: str) -> web.Response:
    return web.Response(
        body=_CONTENT[name], content_type=kind, charset="utf-8", headers={"Cache-Control": kept}
    )
