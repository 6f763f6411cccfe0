"""The record of a call: what the itemised bill (EVN), the journal and a complaint need.

One record for every call that reached a service, refused ones too. Fed with the record's
`wait_ms` and `talk_ms`, `groschen quote` gives its `charge_micros` to the last digit.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.course import Heard, Slice, Stay
from engine.core.rating import Rate
from engine.core.tariff import BillingStart


class Disposition(StrEnum):
    """How a call ended, in the words of the itemised bill."""

    CALLER_HUNG_UP = "caller_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    MONEY_ENDED = "money_ended"
    LIMIT_REACHED = "limit_reached"
    NO_AGENT = "no_agent"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    ENDED_BY_OPERATOR = "ended_by_operator"
    FAULT = "fault"


class Refusal(StrEnum):
    """Why a call was refused before any charge."""

    NOT_IDENTIFIED = "not_identified"
    CALLER_BLOCKED = "caller_blocked"
    ACCOUNT_BLOCKED = "account_blocked"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    BALANCE_TOO_LOW = "balance_too_low"
    PIN_WRONG = "pin_wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call, finished. Times are milliseconds (wall clock of Asterisk), money micro-units.

    `prompts` are what each side was given to hear and what became of it, `ordered` what people
    ordered (when, who, what), `slices` what was held when, `stays` when which agent talked.
    """

    call_id: str
    organisation: str
    service: str
    config_version: int
    profile: str
    did: str
    trunk: str
    received_identity: str
    e164: str | None
    verified: bool
    withheld: bool
    line: str | None
    account_id: str | None
    currency: str
    rate: Rate | None
    billing_start: BillingStart | None
    first_call: bool
    arrived_ms: int
    answered_ms: int | None
    joined_ms: int | None
    ended_ms: int
    wait_ms: int
    talk_ms: int
    charged_s: int
    charge_micros: int
    disposition: Disposition
    refusal: Refusal | None
    agents: tuple[str, ...]
    prompts: tuple[Heard, ...] = ()
    clock_alarm: bool = False
    ordered: tuple[tuple[int, str, str], ...] = ()
    slices: tuple[Slice, ...] = ()
    stays: tuple[Stay, ...] = ()
