"""A write is carried out once for its idempotency key, however often it is asked for.

The key is claimed in the books, the write carried out, its answer kept; a repeat gets that answer.
What fails on our side is not kept: the key may be used again at once. If an engine dies between
the booking and the keeping, the claim runs out, the repeat carries the write out once more, and
the journal, whose own key derives from this one, books nothing twice.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

from aiohttp import web

from engine.errors import EngineError, RemoteError
from engine.ports.operators import Answer, Answers, Claim, Standing
from engine.web.api.contract import KEY_REUSED, UNDER_WAY, Refused

HEADER = "Idempotency-Key"
KEY_PATTERN = "^[!-~]([ -~]{0,198}[!-~])?$"
RUN_MOST_S = 40
CLAIM_MS = 60_000
"""Longer than any run, so that nobody else begins while one may still be at work."""

_KEY = re.compile(KEY_PATTERN, re.ASCII)


def read_key(request: web.Request) -> str | None:
    """The request's idempotency key, None if it has none, or one that is none."""
    given = request.headers.getall(HEADER, [])
    return given[0] if len(given) == 1 and _KEY.fullmatch(given[0]) else None


def claim_of(request: web.Request, organisation: str, key: str, body: str, now_ms: int) -> Claim:
    """The wish to carry a request out; `body` is its JSON as it was understood."""
    content = json.dumps([request.method, request.path, body])
    return Claim(
        organisation=organisation,
        key=key,
        digest=hashlib.sha256(content.encode()).hexdigest(),
        now_ms=now_ms,
        until_ms=now_ms + CLAIM_MS,
    )


def journal_key(claim: Claim) -> str:
    """What the journal knows the write by: the key within its organisation."""
    return f"api:{claim.organisation}:{claim.key}"


async def carry_out(
    answers: Answers,
    claim: Claim,
    run: Callable[[], Awaitable[Answer]],
    untold: Collection[str] = (),
) -> Answer | Refused:
    """The answer to a write: what `run` gives, or gave when it was carried out before, then
    without the members `untold`.

    What `run` raises is raised, and the key free again.
    """
    standing = await answers.claim(claim)
    match standing:
        case Standing.ANOTHER_REQUEST:
            return Refused(KEY_REUSED, "The same key needs the same method, path and body.")
        case Standing.UNDER_WAY:
            return Refused(UNDER_WAY, "Its answer can be had in a moment, by asking again.")
        case Answer():
            return standing
    try:
        async with asyncio.timeout(RUN_MOST_S):
            answer = await run()
    except BaseException as error:
        with suppress(EngineError):
            await answers.give_up(claim)
        if isinstance(error, TimeoutError):
            raise RemoteError("the request was not carried out in time") from error
        raise
    kept = _without(answer, untold)
    stands = await answers.keep(claim, kept)
    return answer if stands == kept else stands


def _without(answer: Answer, untold: Collection[str]) -> Answer:
    """The answer as it may be kept; a refusal has nothing that may not."""
    if not untold or answer.status >= 400:
        return answer
    told = json.loads(answer.body)
    return Answer(answer.status, json.dumps({**told, **dict.fromkeys(untold)}))
