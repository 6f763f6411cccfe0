"""One call: what is known of it, its timeline drawn, its signed proof, its number revealed."""

import asyncio
import json
from functools import partial

from aiohttp import web

from engine.core.cdr import CallRecord
from engine.core.course import HEARD_MOST, SLICES_MOST, STAYS_MOST
from engine.core.masking import shown_identity
from engine.errors import CallerError
from engine.flows.first_day.rules import proposed_trust
from engine.flows.proof.pdf import pdf
from engine.flows.proof.proof import Proof, content_of
from engine.flows.proof.timeline import timeline
from engine.flows.proof.wording import sentence
from engine.ports.reading.records import CallFile
from engine.web.console.asked import Asked, Belongs
from engine.web.console.pages.evn.drawing import draw
from engine.web.console.papers import attachment


async def find(asked: Asked) -> Belongs | None:
    """The record of the call that the address names."""
    file = await asked.site.reading.records.file(asked.request.match_info["call_id"])
    return file.record if file is not None else None


async def show(asked: Asked) -> web.StreamResponse:
    """One call."""
    return await _show(asked)


async def reveal(asked: Asked) -> web.StreamResponse:
    """One call with the caller's number in full, unless he withheld it."""
    reason = asked.typed("reason", 200)
    if not reason:
        raise CallerError("must be given", "reason")
    asked.note(reason=reason, withheld=asked.found(CallRecord).withheld)
    return await _show(asked, revealed=True)


async def _show(asked: Asked, *, revealed: bool = False) -> web.Response:
    file = await _file(asked)
    catalogue = asked.site.catalogues[asked.texts.lang]
    said = partial(sentence, catalogue=catalogue)
    return asked.render(
        "evn/call.html",
        file=file,
        record=file.record,
        moments=timeline(file),
        drawing=draw(file, asked.texts, said),
        said=said,
        most={"slices": SLICES_MOST, "prompts": HEARD_MOST, "stays": STAYS_MOST},
        received=shown_identity(file.record, revealed=revealed),
        told_by=proposed_trust(file.record.received_identity),
        revealed=revealed,
    )


async def proof_json(asked: Asked) -> web.StreamResponse:
    """The signed proof."""
    proof = await _proof(asked)
    return attachment(asked, json.dumps(proof).encode(), "application/json", "proof.json")


async def proof_pdf(asked: Asked) -> web.StreamResponse:
    """The signed proof as a document, with itself attached."""
    paper = await asyncio.to_thread(pdf, await _proof(asked), asked.texts.lang)
    return attachment(asked, paper, "application/pdf", "proof.pdf")


async def _proof(asked: Asked) -> Proof:
    issued_ms = asked.site.clock.now().wall_ms
    return asked.site.signer.sign(content_of(await _file(asked), issued_ms, asked.site.catalogues))


async def _file(asked: Asked) -> CallFile:
    record = asked.found(CallRecord)
    file = await asked.site.reading.records.file(record.call_id, record.organisation)
    if file is None:
        raise web.HTTPNotFound
    return file
