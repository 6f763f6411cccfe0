"""Files of a room's own that its pages load; their addresses change with their content."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aiohttp import web

KEPT_S = 365 * 24 * 3600
TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _version(file: Path) -> str:
    return hashlib.sha256(_content(file)).hexdigest()[:12]


class Files:
    """The files named, in a folder; given at `path`, to which their names are added."""

    def __init__(self, folder: Path, path: str, *names: str) -> None:
        self._path = path
        self._files = {name: folder / name for name in names}

    def address(self, name: str) -> str:
        """Where a page finds a file, as it is now."""
        return f"{self._path}{name}?v={_version(self._files[name])}"

    async def give(self, request: web.Request) -> web.Response:
        """The file that the address names."""
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        return self.file(name, f"public, max-age={KEPT_S}, immutable")

    def file(self, name: str, kept: str) -> web.Response:
        """A file, with how long it may be kept (RFC 9111, 5.2.2)."""
        kind = TYPES[Path(name).suffix]
        return web.Response(
            body=_content(self._files[name]),
            content_type=kind,
            charset=None if kind == "image/png" else "utf-8",
            headers={"Cache-Control": kept},
        )


FRAME = Files(Path(__file__).parent / "static", "/frame/", "frame.css")
"""What pages in other sites' frames share."""
