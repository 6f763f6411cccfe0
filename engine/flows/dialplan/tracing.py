"""What would happen to a call at a time, step by step: by our rules or by the own dialplan."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.core.inventory import Inventory, Service
from engine.core.number import classify, written
from engine.core.phrasing import Catalogue, text
from engine.errors import CallerError
from engine.flows.config.problems import Mark
from engine.premium.trace import Imagined, Step, service_of, trace, trunk_of

ASKED_BEFORE_OWN = 2
"""The steps of a trace, number and trunk, that hold also where the operator's dialplan decides."""

TakenAt = Callable[[str], Mark | None]
"""Where the own dialplan takes a number that the trunk sends; None if it does not."""


def steps_of(
    asked: Imagined, at: str, now_ms: int, inventory: Inventory, taken_at: TakenAt
) -> tuple[Step, ...]:
    """The steps of an imagined call at the time `at` (empty: now).

    A time without a zone is the service's own. `CallerError` with the field for what is none.
    """
    imagined = replace(asked, at_ms=_at_ms(at, now_ms, service_of(asked, inventory)))
    steps = trace(imagined, inventory)
    trunk = trunk_of(imagined, inventory)
    e164 = classify(imagined.dialled, trunk.region).e164
    sent = written(e164, trunk.number_format, trunk.region) if e164 else imagined.dialled
    place = taken_at(sent)
    if place is None:
        return steps
    taken = Step(name="own_dialplan", values={"file": place.file, "line": place.line})
    return (*steps[:ASKED_BEFORE_OWN], taken)


def said(step: Step, catalogues: Mapping[str, Catalogue]) -> str:
    """What is heard in a step, sentence by sentence; a tone by its name."""
    catalogue = catalogues.get(step.lang)
    return " ".join(
        text(prompt, catalogue) if prompt.spoken and catalogue else f"[{prompt.name}]"
        for prompt in step.says
    )


def _at_ms(at: str, now_ms: int, service: Service | None) -> int:
    """The instant that is asked about."""
    if not at:
        return now_ms
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise CallerError("must be a time such as 2026-12-24T18:30", "at") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(service.hours.timezone) if service else UTC)
    return int(moment.timestamp() * 1000)
