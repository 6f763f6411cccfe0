"""Which steps of the first day are done, from what was found. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.core.cdr import CallRecord
from engine.core.identity import Vouched
from engine.core.inventory import AgentKind, Inventory
from engine.core.masking import shown
from engine.core.number import classify
from engine.core.tariff import Line


class State(StrEnum):
    """How a step stands; `UNKNOWN`: it cannot be seen from here."""

    DONE = "done"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `key` names it, `told` are its facts, a line each (code and value)."""

    key: str
    state: State
    told: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found: `standing` by endpoint (None: not to be seen from here), the last calls of
    every line, how many prompts are silent, payments that came in, balances above nothing."""

    standing: Mapping[str, bool] | None
    calls: Sequence[CallRecord]
    silent: Sequence[str]
    payments: int
    balances: int


def steps(inventory: Inventory, found: Found) -> tuple[Step, ...]:
    """All steps in the order in which they are best done."""
    numbers = [did for service in inventory.services for did in service.dids]
    return (
        _all_there("trunks", [f"trunk-{trunk.name}" for trunk in inventory.trunks], found),
        _step("numbers", bool(numbers), [("number", number) for number in numbers[:10]]),
        _all_there("phones", _phones(inventory), found),
        _step("prompts", not found.silent, [("prompt", key) for key in found.silent[:10]]),
        _call(Line.LANDLINE, inventory, found),
        _call(Line.MOBILE, inventory, found),
        _step("payment", found.payments > 0),
        _step("balance", found.balances > 0),
    )


def _phones(inventory: Inventory) -> list[str]:
    return [f"agent-{a.name}" for a in inventory.agents if a.kind is AgentKind.PHONE]


def _step(key: str, is_done: bool, told: Sequence[tuple[str, str]] = ()) -> Step:
    return Step(key, State.DONE if is_done else State.OPEN, tuple(told))


def _all_there(key: str, endpoints: Sequence[str], found: Found) -> Step:
    """Every trunk must answer; of phones one that is there is enough to begin."""
    if found.standing is None:
        return Step(key, State.UNKNOWN)
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
