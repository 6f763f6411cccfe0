"""Prompts: list, listen, record, drop a recording or bring a former one back, render anew."""

from dataclasses import dataclass

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError
from engine.ports.speech import TAKES_KEPT, Audible, Origin
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.pages.prompts.shown import Said, part, repertoire
from engine.web.console.route import Handler, Route, Subject, Whose

PROMPTS = "/console/prompts"
ONE = f"{PROMPTS}/{{lang}}/{{prompt}}"
UPLOAD_BYTES_MOST = 12_000_000


@dataclass(frozen=True, slots=True)
class PromptCase:
    """The prompt that an address names. It belongs to whoever asks: others' are not found."""

    organisation: str | None
    lang: str
    said: Said


async def find(asked: Asked) -> Belongs | None:
    """A prompt that services of the one who asks may say."""
    lang, key = asked.request.match_info["lang"], asked.request.match_info["prompt"]
    said = repertoire(asked.site.inventory(), asked.user.organisation).get(key)
    if said is None or lang not in asked.site.studio.languages:
        return None
    return PromptCase(asked.user.organisation, lang, said)


async def show_all(asked: Asked) -> web.StreamResponse:
    """Prompts by their keys, with how they stand."""
    studio, wanted = asked.site.studio, asked.wanted("text").lower()
    lang = asked.wanted("lang_of") or asked.texts.lang
    lang = lang if lang in studio.languages else studio.languages[0]
    origin = next((one for one in Origin if one == asked.wanted("origin")), None)
    after = asked.wanted("after")
    said = repertoire(asked.site.inventory(), asked.organisation)
    found = await studio.audible(
        (one.prompt for key, one in said.items() if key > after),
        lang,
        text=wanted,
        origin=origin,
        most=PAGE_ROWS + 1,
    )
    shown = found[:PAGE_ROWS]
    return asked.render(
        "prompts/list.html",
        prompts=shown,
        more=shown[-1].prompt.key() if len(found) > PAGE_ROWS else "",
        said=said,
        lang_of=lang,
        languages=studio.languages,
        origin=origin,
        origins=list(Origin),
        text=wanted,
    )


async def show(asked: Asked) -> web.StreamResponse:
    """One prompt: its words, its sound, where it is said, what can be done."""
    case = asked.found(PromptCase)
    takes = await asked.site.studio.takes(case.said.prompt, case.lang) if _records(asked) else ()
    one = await _audible(asked, case)
    return asked.render(
        "prompts/prompt.html",
        case=case,
        one=one,
        records=_records(asked),
        takes=takes,
        takes_kept=TAKES_KEPT,
    )


async def listen(asked: Asked) -> web.StreamResponse:
    """Its sound, or the part of it that the browser asks for (RFC 9110, 14)."""
    case = asked.found(PromptCase)
    sound = await asked.site.studio.audio(case.said.prompt, case.lang)
    return _heard(asked, sound)


async def listen_to_take(asked: Asked) -> web.StreamResponse:
    """The sound of a former recording, as it was brought."""
    case = asked.found(PromptCase)
    return _heard(asked, await asked.site.studio.take(case.said.prompt, case.lang, _take(asked)))


def _heard(asked: Asked, sound: bytes | None) -> web.StreamResponse:
    if sound is None:
        raise web.HTTPNotFound
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    if "Range" not in asked.request.headers:
        return web.Response(body=sound, content_type="audio/wav", headers=headers)
    try:
        found = part(asked.request.http_range, len(sound))
    except ValueError:
        found = None
    if found is None:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(sound)}"})
    first, end = found
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(sound)}"
    return web.Response(
        status=206, body=sound[first:end], content_type="audio/wav", headers=headers
    )


async def record(asked: Asked) -> web.StreamResponse:
    """Take a recording."""
    case, file = asked.found(PromptCase), asked.file("file")
    asked.note(prompt=case.said.prompt.key(), lang=case.lang, bytes=len(file))
    at_ms = asked.site.clock.now().wall_ms
    await asked.site.studio.record(case.said.prompt, case.lang, file, asked.user.name, at_ms)
    return asked.done(_path(case), "prompts.recorded")


async def bring_back(asked: Asked) -> web.StreamResponse:
    """Have a former recording heard again."""
    case, take_id = asked.found(PromptCase), _take(asked)
    asked.note(prompt=case.said.prompt.key(), lang=case.lang, take=take_id)
    at_ms = asked.site.clock.now().wall_ms
    if not await asked.site.studio.bring_back(case.said.prompt, case.lang, take_id, at_ms):
        raise web.HTTPNotFound
    return asked.done(_path(case), "prompts.recorded")


async def drop(asked: Asked) -> web.StreamResponse:
    """Take a recording away."""
    case = asked.found(PromptCase)
    asked.note(prompt=case.said.prompt.key(), lang=case.lang)
    at_ms = asked.site.clock.now().wall_ms
    await asked.site.studio.drop_recording(case.said.prompt, case.lang, at_ms)
    return asked.done(_path(case), "prompts.dropped")


async def render(asked: Asked) -> web.StreamResponse:
    """Have it spoken anew."""
    case = asked.found(PromptCase)
    asked.note(prompt=case.said.prompt.key(), lang=case.lang)
    why_not = await asked.site.studio.render(case.said.prompt, case.lang)
    if why_not:
        raise CallerError(why_not, "voice")
    return asked.done(_path(case), "prompts.rendered_now")


async def _audible(asked: Asked, case: PromptCase) -> Audible:
    (one,) = await asked.site.studio.audible((case.said.prompt,), case.lang)
    return one


def _records(asked: Asked) -> bool:
    """Whether the one who asks may change how prompts sound."""
    return asked.is_operators and asked.may(Right.SERVICES_WRITE)


def _take(asked: Asked) -> str:
    return asked.request.match_info["take"]


def _path(case: PromptCase) -> str:
    return f"{PROMPTS}/{case.lang}/{case.said.prompt.key()}"


def _act(
    path: str, handler: Handler, verb: str, *, asks_first: bool = False, upload_bytes_most: int = 0
) -> Route:
    return Route(
        "POST",
        f"{ONE}/{path}",
        Right.SERVICES_WRITE,
        handler,
        whose=Whose.OPERATOR,
        finds=find,
        action=f"prompts.{verb}",
        asks_first=asks_first,
        again=show,
        upload_bytes_most=upload_bytes_most,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", PROMPTS, Right.SERVICES_READ, show_all),
        Route("GET", ONE, Right.SERVICES_READ, show, finds=find),
        Route("GET", f"{ONE}/audio.wav", Right.SERVICES_READ, listen, finds=find, is_page=False),
        Route(
            "GET",
            f"{ONE}/takes/{{take}}/audio.wav",
            Right.SERVICES_WRITE,
            listen_to_take,
            whose=Whose.OPERATOR,
            finds=find,
            is_page=False,
        ),
        _act("takes/{take}/bring-back", bring_back, "bring_back"),
        _act("recording", record, "record", upload_bytes_most=UPLOAD_BYTES_MOST),
        _act("recording/drop", drop, "drop", asks_first=True),
        _act("render", render, "render"),
    ),
    menu=(Item(Section.LINES, PROMPTS, Right.SERVICES_READ, "prompts.title", place=80),),
)
