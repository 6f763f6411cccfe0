"""A verification: the proof, by calling it, that a phone number belongs to who typed it.

A verification lives minutes and may hold several calls (busy, nobody answered, asked for again). It
is kept in the ledger; each change raises its `version`. Its calls are live calls like any other
(`engine.verification.machine`); each tells its verification how it stands by `CallNews`. What the
verification then becomes is decided in `engine.verification.session`.

No code is ever in here: it is derived when it is needed, from `seed`, number and a secret of the
site (`engine.flows.verification.codes`).
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.rating import Rate


class Mode(StrEnum):
    """How a number is proved: a code spoken, a code keyed in, or one key pressed."""

    SPEAK = "speak"
    KEYPAD = "keypad"
    PRESS = "press"


class Status(StrEnum):
    """Where a verification stands; those of `FINAL` never change again."""

    QUEUED = "queued"
    CALLING = "calling"
    WAITING = "waiting"
    VERIFIED = "verified"
    WRONG_CODE = "wrong_code"
    EXPIRED = "expired"
    FAILED = "failed"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


FINAL = frozenset(Status) - {Status.QUEUED, Status.CALLING, Status.WAITING}


class Rejection(StrEnum):
    """Why a number is not called."""

    INVALID = "invalid"
    FOREIGN = "foreign"
    SERVICE = "service"
    LINE = "line"


LIMITS = (
    "per_number",
    "per_address",
    "per_prefix",
    "per_merchant",
    "in_all",
    "prefix_unproved",
    "merchant_unproved",
)
"""What holds toll fraud off, as `reason` names it of a verification that is `blocked`."""


class Failure(StrEnum):
    """Why a call proved nothing."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    NETWORK = "network"
    MACHINE = "machine"
    WRONG_NUMBER = "wrong_number"


class CallStep(StrEnum):
    """How far a verification's call has come, as a page shows it live."""

    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    KEY_PRESSED = "key_pressed"
    CODE_SPOKEN = "code_spoken"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNews:
    """What a call tells its verification. `call_n` is the number of the call, from 1."""

    verification_id: str
    call_n: int
    step: CallStep
    at_ms: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One verification. Times are milliseconds since 1970, money is micro-units.

    `e164` is None for a number that was rejected before it had one. `reference` is the merchant's
    own. `address_key` stands for the address that asked (a keyed hash). `reason` says more about
    `failed`, `rejected` and `blocked`; `step` and `last_failure` are of the last call. `due_ms` is
    when it is to be looked at next (None once it is final). `code_told`: a person has heard the
    code, or is asked for it. `method` says how it was proved. A `test` calls
    nobody and costs nothing. `change_id` tells the last change from another one like it.
    """

    verification_id: str
    organisation: str
    merchant: str
    reference: str
    e164: str | None
    mode: Mode
    lang: str
    address_key: str
    seed: str
    code_digits: int
    retry_after_s: int
    currency: str
    rate: Rate
    created_ms: int
    expires_ms: int
    tries_left: int
    calls_left: int
    status: Status = Status.QUEUED
    reason: str = ""
    due_ms: int | None = None
    calls: int = 0
    step: CallStep | None = None
    last_failure: Failure | None = None
    code_told: bool = False
    answered_ms: int | None = None
    call_ended_ms: int | None = None
    ended_ms: int | None = None
    method: Mode | None = None
    charge_micros: int = 0
    test: bool = False
    version: int = 1
    change_id: str = ""

    @property
    def finished(self) -> bool:
        return self.status in FINAL


def call_id_of(verification_id: str, call_n: int) -> str:
    """The id of a verification's call number `call_n`."""
    return f"verify-{verification_id}-{call_n}"
