"""The console's styles and script; their addresses change with their content."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aiohttp import web

KINDS: Mapping[str, str] = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "editor.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "pico.min.css": "text/css",
}
ADDRESS = "/console/static/"
PATH = f"{ADDRESS}{{name:.+}}"
A_YEAR_S = 365 * 24 * 3600

_FOLDER = Path(__file__).parent / "static"
_EDITOR = "ace"
_BY_SUFFIX = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


@cache
def kinds() -> Mapping[str, str]:
    """Every file that is given, with its type: ours, and those of the editor."""
    files = (file for file in (_FOLDER / _EDITOR).rglob("*") if file.suffix in _BY_SUFFIX)
    editor = {file.relative_to(_FOLDER).as_posix(): _BY_SUFFIX[file.suffix] for file in files}
    return {**KINDS, **editor}


@cache
def _content(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


@cache
def address(name: str) -> str:
    """Where a page finds a file, as it is now."""
    version = hashlib.sha256(_content(name)).hexdigest()[:12]
    return f"{ADDRESS}{name}?v={version}"


async def give(request: web.Request) -> web.Response:
    """One of the files."""
    name = request.match_info["name"]
    kind = kinds().get(name)
    if kind is None:
        raise web.HTTPNotFound
    return web.Response(
        body=_content(name),
        content_type=kind,
        charset=None if kind == "image/png" else "utf-8",
        headers={"Cache-Control": f"public, max-age={A_YEAR_S}, immutable"},
    )
