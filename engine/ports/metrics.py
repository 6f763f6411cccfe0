"""What an engine tells of its work, for those who watch over it.

Two ways: what happens at an instant is noted then (`Metrics`); what stands at any time is read
when somebody asks (`Readings`), and costs a call nothing. Labels are names from the operator's
files or from code, so that they are bounded: never a call, a number or a person.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.probe import Result


class Remote(StrEnum):
    """Whom an engine asks."""

    STORE = "store"
    LEDGER = "ledger"
    ARI = "ari"
    AMI = "ami"


class Disagreement(StrEnum):
    """How the store turned out not to hold what the journal and the live calls say."""

    EMPTIED = "emptied"
    WENT_BACK = "went_back"
    ACCOUNT_LOST = "account_lost"
    HOLD_LOST = "hold_lost"
    POSTING_REFUSED = "posting_refused"


class Delivery(StrEnum):
    """What is brought to addresses that customers name, again and again until it is given up."""

    WEBHOOK = "webhook"
    MAIL = "mail"


class Metrics:
    """What happens, method by method; never raises and never waits. Times are milliseconds.

    As it stands nobody watches and nothing is noted: an adapter notes by its own methods.
    """

    # --- calls -------------------------------------------------------------------------

    def call_begun(self, service: str) -> None:
        """A call has reached a service."""

    def call_turned_away(self) -> None:
        """A call has reached no service: nobody's number, or no terms for it."""

    def announced(self, service: str, delay_ms: int) -> None:
        """A caller hears his first words, so long after his call arrived (post-dial delay)."""

    def agent_dialled(self, service: str) -> None:
        """An agent's leg was ordered: a seizure (ITU-T E.425)."""

    def agent_rang(self, service: str, delay_ms: int) -> None:
        """An agent's phone rings, so long after it was dialled."""

    def agent_answered(self, service: str) -> None:
        """A seizure was answered."""

    def joined(self, service: str) -> None:
        """A call has its first conversation."""

    def cut_off(self, service: str, late_ms: int) -> None:
        """A conversation was ended for its money or its longest time, so long after that."""

    def unbilled(self, service: str, ms: int) -> None:
        """A conversation went on so long after what was held for it."""

    def ended(self, service: str, disposition: str, refusal: str, *, clock_alarm: bool) -> None:
        """A call is over and booked; `refusal` is empty unless it was refused."""

    def event_handled(self, lag_ms: int) -> None:
        """An event of the switch was acted upon, so long after the switch saw it."""

    def probed(self, result: Result) -> None:
        """A probe of a number of ours has come out like this."""

    def probes_deferred(self, numbers: int) -> None:
        """So many numbers had no turn before the day's hours of probes were over."""

    def probe_trunk_out(self, is_out: bool) -> None:
        """Whether numbers are reached no more, one as little as the other."""

    # --- verification ------------------------------------------------------------------

    def verification_dialled(self, merchant: str) -> None:
        """An outgoing call was ordered that proves a number: a carrier will charge for it."""

    def verification_call_ended(self, merchant: str, outcome: str, answered_ms: int) -> None:
        """Such a call is over: `answered`, or why it failed; so long it was connected."""

    def verification_ended(self, merchant: str, status: str) -> None:
        """A verification has come to its end, whatever its calls were."""

    def verification_limited(self, limit: str) -> None:
        """A limit against toll fraud has forbidden a call."""

    # --- money -------------------------------------------------------------------------

    def callback_received(self, provider: str, outcome: str) -> None:
        """A provider's callback was taken in, was a repeat, or was forged."""

    def credited(self, provider: str, delay_ms: int) -> None:
        """A callback's money stands in the store, so long after the callback came."""

    def credit_told(self, service: str, account_id: str, mono_ms: int) -> None:
        """The caller of a running call of the account hears of new money at this instant."""

    def money_received(self, account_id: str, mono_ms: int) -> None:
        """Money for an account was told of at this instant of the monotonic clock."""

    def deadlines_moved(self, account_id: str, mono_ms: int) -> None:
        """A running call of the account has more time by it, as Asterisk has acknowledged."""

    def set_aside(self, provider: str) -> None:
        """A payment does not fit its order: somebody must look at it."""

    def asking_failed(self, provider: str) -> None:
        """A provider did not say how an order stands."""

    def store_disagreed(self, kind: Disagreement) -> None:
        """The store did not hold what it should."""

    # --- what others wait for ----------------------------------------------------------

    def given_up(self, delivery: Delivery) -> None:
        """A webhook or a mail is tried no more."""

    def endpoint_stopped(self) -> None:
        """An endpoint of a customer's is told nothing more."""

    def statements_missing(self, statements: int) -> None:
        """So many statements of the month before could not be filed at the last look."""

    # --- whom we ask -------------------------------------------------------------------

    def asking(self, remote: Remote, order: str) -> AbstractContextManager[None]:
        """Times what is done inside, and counts the `EngineError` that leaves it."""
        return nullcontext()


UNMEASURED = Metrics()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Live calls' holds in one currency: how many, and how much in all (micro-units)."""

    holds: int = 0
    micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """How an engine stands at an instant.

    `calls` counts by service and state, `held` by currency; `outbox_depth` is what its relay has
    seen waiting (200 at most), `outbox_age_ms` how long the oldest of it. New calls go by
    `config_version`; the books named `config_in_force` when the engine last looked, and it cannot
    take `config_refused` (0: it refuses none). The rest counts since the engine's start.
    """

    calls: Mapping[tuple[str, str], int] = field(default_factory=dict)
    held: Mapping[str, Held] = field(default_factory=dict)
    outbox_depth: int = 0
    outbox_age_ms: int = 0
    lease_left_ms: int = 0
    switch_up: bool = False
    config_version: int = 0
    config_in_force: int = 0
    config_refused: int = 0
    adopted: int = 0
    lost: int = 0
    unexpected: int = 0
    faults: int = 0
    overfull: int = 0
