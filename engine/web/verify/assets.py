"""The widget's style and scripts."""

from pathlib import Path

from aiohttp import web

from engine.web.parts.files import Files

WIDGET = "widget.js"
WIDGET_KEPT_S = 300

_FOLDER = Path(__file__).parent / "static"
FILES = Files(_FOLDER, "/verify/static/", "verify.css", "verify.js")
_WIDGET = Files(_FOLDER, "/verify/", WIDGET)


async def widget(_request: web.Request) -> web.Response:
    """The script that a merchant's page names: any site's page may load it."""
    answer = _WIDGET.file(WIDGET, f"public, max-age={WIDGET_KEPT_S}")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
