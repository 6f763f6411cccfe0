"""Which steps of the first day are done, from what was found. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.core.cdr import CallRecord
from engine.core.identity import Vouched
from engine.core.inventory import AgentKind, Inventory
from engine.core.masking import shown
from engine.core.number import classify
from engine.core.probe import ProbePlan, calls_a_day
from engine.core.tariff import Line

TOLD_MOST = 20
"""So many facts of a step are told."""


class State(StrEnum):
    """How a step stands; `ASKING`: its answer is awaited; `UNKNOWN`: not to be seen from here."""

    DONE = "done"
    OPEN = "open"
    ASKING = "asking"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `key` names it, `told` are its facts, a line each (code and value)."""

    key: str
    state: State
    told: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found: `standing` by endpoint (None: not to be seen from here; `is_asking`: not yet
    answered), the last calls of every line, the number at which each service was last reached, how
    many prompts are silent, by profile whether a payment came in, balances above nothing."""

    standing: Mapping[str, bool] | None
    calls: Sequence[CallRecord]
    reached: Mapping[str, str | None]
    silent: Sequence[str]
    paid: Mapping[str, bool]
    balances: int
    is_asking: bool = False


def steps(inventory: Inventory, found: Found) -> tuple[Step, ...]:
    """All steps in the order in which they are best done."""
    return (
        _all_there("trunks", [f"trunk-{trunk.name}" for trunk in inventory.trunks], found),
        _reached(inventory, found),
        _all_there("phones", _phones(inventory), found),
        _step("prompts", not found.silent, [("prompt", key) for key in found.silent[:TOLD_MOST]]),
        _call(Line.LANDLINE, inventory, found),
        _call(Line.MOBILE, inventory, found),
        _paid(found),
        _step("balance", found.balances > 0),
        _probed(inventory.probe_plan),
    )


def _phones(inventory: Inventory) -> list[str]:
    return [f"agent-{a.name}" for a in inventory.agents if a.kind is AgentKind.PHONE]


def _reached(inventory: Inventory, found: Found) -> Step:
    """That a number is written down proves nothing: a call must have come in for each service."""
    away = [
        ("unreached", f"{service.title or service.name}: {', '.join(service.dids[:3])}")
        for service in inventory.services
        if service.name in found.reached and found.reached[service.name] is None
    ]
    there = [("reached", f"{name}: {did}") for name, did in found.reached.items() if did]
    return _step("numbers", bool(there) and not away, [*away, *there][:TOLD_MOST])


def _probed(plan: ProbePlan | None) -> Step:
    """Numbers must be called; of more than fit into a day each has its turn every few days."""
    told = [] if plan is None else [("a_day", str(calls_a_day(plan)))]
    return _step("probing", plan is not None, told)


def _paid(found: Found) -> Step:
    """Every profile that takes payments must have had one."""
    told = [("paid" if is_paid else "unpaid", name) for name, is_paid in found.paid.items()]
    return _step("payment", bool(told) and all(found.paid.values()), told)


def _step(key: str, is_done: bool, told: Sequence[tuple[str, str]] = ()) -> Step:
    return Step(key, State.DONE if is_done else State.OPEN, tuple(told))


def _all_there(key: str, endpoints: Sequence[str], found: Found) -> Step:
    """Every trunk must answer; of phones one that is there is enough to begin."""
    if found.standing is None:
        return Step(key, State.ASKING if found.is_asking else State.UNKNOWN)
    there = [found.standing.get(name, False) for name in endpoints]
    is_done = bool(there) and (all(there) if key == "trunks" else any(there))
    told = [
        ("there" if is_there else "away", name.partition("-")[2])
        for name, is_there in zip(endpoints, there, strict=True)
    ]
    return _step(key, is_done, told)


def _call(line: Line, inventory: Inventory, found: Found) -> Step:
    """The last call from such a line, what came with it, and what to trust of it.

    The line is that of the number itself: one that nobody vouches for has no price class yet.
    """
    newest_first = sorted(found.calls, key=lambda call: call.arrived_ms, reverse=True)
    from_line = (one for one in newest_first if one.e164 and classify(one.e164, None).line == line)
    last = next(from_line, None)
    if last is None:
        return Step(line.value, State.OPEN)
    told = [
        ("trunk", last.trunk),
        ("caller", shown(last.e164, withheld=last.withheld) or ""),
        ("received", proposed_trust(last.received_identity).value),
        ("verified" if last.verified else "unverified", ""),
    ]
    proposed = proposed_trust(last.received_identity)
    trunk = inventory.trunk(last.trunk)
    if trunk is not None and proposed is not trunk.vouches:
        told.append(("propose", proposed.value))
    return _step(line.value, last.verified, told)


def proposed_trust(received: str) -> Vouched:
    """What to take a trunk's callers by, from what came with a call: the asserted number if there
    was one (RFC 3325), else the From, which alone carries a tag (RFC 3261, 8.1.1.3)."""
    if not any(char.isdigit() for char in received.partition(";tag=")[0]):
        return Vouched.NOTHING
    return Vouched.FROM if ";tag=" in received else Vouched.PAI
