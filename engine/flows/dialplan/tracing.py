"""What would happen to a call at a time, step by step: by our rules or by the own dialplan.

A premium number is the configuration's. Whose a number of the stock is, and where it leads, the
books say as they are now; what then follows, each service's `trace`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.core.diversion.route import Found
from engine.core.imagined import LEG, Imagined, Step, arrived_of, begun, trunk_of
from engine.core.instant import YEARS, YEARS_RULE
from engine.core.inventory import Inventory
from engine.core.number import classify, written
from engine.core.numbers.number import Number
from engine.core.phrasing import Catalogue, text
from engine.errors import CallerError
from engine.flows import machines
from engine.flows.config.problems import Mark
from engine.flows.diversion.directory import Directory, Known
from engine.forwarding import trace as forwarding
from engine.forwarding.call import ForwardingCall
from engine.premium import trace as premium
from engine.tracking import trace as tracking
from engine.tracking.call import TrackingCall

TakenAt = Callable[[str], Mark | None]
"""Where the own dialplan takes a number that the trunk sends; None if it does not."""


async def steps_of(
    asked: Imagined,
    at: str,
    now_ms: int,
    inventory: Inventory,
    taken_at: TakenAt,
    directory: Directory | None,
) -> tuple[Step, ...]:
    """The steps of an imagined call at the time `at` (empty: now); without a `directory` nothing is
    known of numbers of the stock.

    A time without a zone is the service's or the route's own. `CallerError` with the field for what
    is none.
    """
    trunk = trunk_of(asked, inventory)
    e164 = classify(asked.dialled, trunk.region).e164
    service = premium.service_of(asked, inventory)
    known = None
    if service is None and directory is not None:
        known = await directory.known(e164 or asked.dialled)
    timezone = service.hours.timezone if service is not None else _timezone(known)
    imagined = replace(asked, at_ms=_at_ms(at, now_ms, timezone))
    place = taken_at(written(e164, trunk.number_format, trunk.region) if e164 else asked.dialled)
    if place is not None:
        taken = Step(name="own_dialplan", values={"file": place.file, "line": place.line})
        return (*begun(imagined, trunk), taken)
    if service is None:
        diverted = _diverted(imagined, inventory, known)
        if diverted:
            return (*begun(imagined, trunk), *diverted)
    return premium.trace(imagined, inventory)


def own_standing(unapplied: Sequence[str] | None) -> tuple[Step, ...]:
    """Whether Asterisk goes by the own dialplan as the steps do; `unapplied` are the files that it
    has otherwise, None where its files cannot be seen. Nothing where it does."""
    if unapplied is None:
        return (Step(name="own_unseen", values={}),)
    if unapplied:
        return (Step(name="own_unapplied", values={"files": tuple(unapplied)}),)
    return ()


def said(step: Step, catalogues: Mapping[str, Catalogue]) -> str:
    """What is heard in a step, sentence by sentence; a tone by its name."""
    catalogue = catalogues.get(step.lang)
    return " ".join(
        text(prompt, catalogue) if prompt.spoken and catalogue else f"[{prompt.name}]"
        for prompt in step.says
    )


def _diverted(imagined: Imagined, inventory: Inventory, known: Known | None) -> tuple[Step, ...]:
    """What becomes of a call to a number of the stock; nothing for one that is none."""
    arrived = arrived_of(imagined, trunk_of(imagined, inventory))
    _, call = machines.begun(arrived, LEG, inventory) or (None, None)
    if not isinstance(call, ForwardingCall | TrackingCall):
        return ()
    if known is None:
        return (Step(name="books_needed", values={"service": call.kind}),)
    if known.number is None:
        return ()
    if isinstance(call, ForwardingCall):
        happens = forwarding.trace(call, arrived, known.found)
    else:
        happens = tracking.trace(call, arrived, known.found)
    return (_holder(known.number, call.kind, known.found), _route(known), *happens)


def _holder(number: Number, service: str, found: Found) -> Step:
    """Whose number it is, and whether it takes calls."""
    values = {
        "service": service,
        "organisation": number.organisation,
        "status": number.status.value,
        "source": found.source,
    }
    return Step(name="holder", values=values)


def _route(known: Known) -> Step:
    """Whether the number leads anywhere."""
    last = known.last
    if last is None:
        state = "none"
    elif last.terms is None:
        state = "deleted"
    else:
        state = "loops" if known.found.loops else "there"
    return Step(name="route", values={"state": state, "version": last.version if last else None})


def _timezone(known: Known | None) -> str | None:
    """The route's own."""
    terms = known.last.terms if known is not None and known.last is not None else None
    return terms.timezone if terms is not None else None


def _at_ms(at: str, now_ms: int, timezone: str | None) -> int:
    """The instant that is asked about."""
    if not at:
        return now_ms
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise CallerError("must be a time such as 2026-12-24T18:30", "at") from None
    if moment.year not in YEARS:
        raise CallerError(YEARS_RULE, "at")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(timezone) if timezone else UTC)
    return int(moment.timestamp() * 1000)
