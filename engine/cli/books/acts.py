"""What a command changes is an act: written to the audit log before it is done, and how it ended.

An act bears the name that the console gives to the same, if it does it; its author is the user of
this shell, whoever is named for journal or history. Reading is none, nor is a file that is made of
the books: whoever has this shell has the books.
"""

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.app import Books
from engine.cli.books.opening import user
from engine.core.number import mask
from engine.core.numbers.blocks import Faults
from engine.core.numbers.life import Refused
from engine.flows.config import Problems
from engine.flows.money.movements import Denied
from engine.ports.audit import Act, Detail, ended_by
from engine.ports.people.commands import Outcome

T = TypeVar("T")

_NUMBER = re.compile(r"\+?[0-9][0-9 ()/_-]{6,}", re.ASCII)
"""What may be a phone number, whatever it was typed as."""


def fault_of(answer: object) -> str:
    """Why an answer is a refusal; empty if it is none."""
    match answer:
        case Refused() | Denied():
            return str(answer.reason)
        case Problems() | Faults():
            return "mistakes"
        case Outcome():
            return "" if answer is Outcome.DONE else str(answer)
    return ""


async def acted(
    books: Books,
    action: str,
    work: Callable[[], Awaitable[T]],
    *,
    organisation: str | None = None,
    target: str = "",
    told: Callable[[T], Detail] = lambda _answer: {},
    refused: Callable[[T], str] = fault_of,
) -> T:
    """What the work gives, done between two lines of the audit log; without the log it is not.

    `organisation` is one there is, None for what concerns the operator alone. `told` is what else
    there is to know of an answer, `refused` says why it is a refusal.
    """
    act = Act(
        act_id=secrets.token_hex(12),
        at_ms=books.clock.now().wall_ms,
        organisation=organisation,
        author=user(),
        address="",
        action=action,
        target=_without_number(target),
    )
    await books.audit.begin(act)
    try:
        answer = await work()
    except Exception as error:
        outcome, fault = ended_by(error)
        await books.audit.end(act.act_id, outcome, {"fault": fault})
        raise
    if fault := refused(answer):
        await books.audit.end(act.act_id, "refused", {"fault": fault})
    else:
        await books.audit.end(act.act_id, "done", told(answer))
    return answer


def _without_number(target: str) -> str:
    """What an act is done to, as it may be written down: no number in full."""
    subject, _, named = target.partition("/")
    return f"{subject}/{mask(named)}" if _NUMBER.fullmatch(named) else target
