"""Asking the engines to prepare files before they are put in force, never for long."""

from collections.abc import Mapping, Sequence, Set

import structlog

from engine.ports.clock import Clock
from engine.ports.versions import Answer, Unsaid, Versions

HEARD_WITHIN_MS = 1_500
"""Who has not begun to prepare by then is not waited for: it is dead, or stands still."""
PREPARED_WITHIN_MS = 20_000
"""How long engines may take to prepare; whoever needs longer says later whether he takes it."""
ASK_EVERY_MS = 50

log = structlog.get_logger(__name__)


async def unsaid(
    versions: Versions, clock: Clock, files: Mapping[str, str], engines: Set[str]
) -> Sequence[Unsaid]:
    """What one of these engines cannot say of files, once all that live have prepared them."""
    proposal = await versions.propose(files, clock.now().wall_ms)
    try:
        answers = await _answers(versions, clock, proposal, engines)
    finally:
        await versions.withdraw(proposal)
    late = [answer.engine for answer in answers if not answer.is_done]
    if late:
        log.warning("config.still_preparing", engines=late)
    return [*dict.fromkeys(one for answer in answers for one in answer.unsaid)]


async def _answers(
    versions: Versions, clock: Clock, proposal: int, engines: Set[str]
) -> Sequence[Answer]:
    """What the engines answer, once all have; as they are when the time is over."""
    began_ms = clock.now().mono_ms
    while True:
        answers = await versions.answers(proposal)
        unheard = engines - {answer.engine for answer in answers}
        under_way = [answer for answer in answers if not answer.is_done]
        waited_ms = clock.now().mono_ms - began_ms
        is_over = waited_ms >= (PREPARED_WITHIN_MS if under_way else HEARD_WITHIN_MS)
        if is_over or not (under_way or unheard):
            return answers
        await clock.sleep(ASK_EVERY_MS)
