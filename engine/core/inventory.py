"""The operator's inventory as running calls see it: trunks, agents, hunt groups, services.

Plain frozen records; `flows.config` makes them from the operator's files. A call keeps the
`Service` it began with, whatever is changed later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from engine.core.identity import Vouched
from engine.core.number import NumberFormat
from engine.core.probe import ProbePlan
from engine.core.rating import Rate
from engine.core.retention import Kept, Policy, policy_of
from engine.core.tariff import Line, Tariff
from engine.core.verification import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A line owner for whom the operator runs services; every record belongs to one."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A SIP trunk: what its network vouches for, how it writes numbers, if it passes early media.

    `host`/`port` are its SIP address; calls are accepted only from there.
    """

    name: str
    host: str
    port: int = 5060
    vouches: Vouched = Vouched.PAI
    number_format: NumberFormat
    region: str = "DE"
    early_media: bool = True
    caller_id: str = ""


class AgentKind(StrEnum):
    """A SIP phone registered at or reached by our Asterisk, or a number in the outside network."""

    PHONE = "phone"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who answers calls. `address`: a phone's SIP contact (host:port), or an outside number.

    `user` is who signs in to the console as this agent; empty if nobody does.
    """

    name: str
    organisation: str
    kind: AgentKind = AgentKind.PHONE
    address: str = ""
    trunk: str = ""
    lang: str = "de"
    wrap_up_s: int = 10
    user: str = ""


class Strategy(StrEnum):
    """How a hunt group rings its agents."""

    ALL = "all"
    IN_ORDER = "in_order"
    LONGEST_IDLE = "longest_idle"
    ROUND_ROBIN = "round_robin"


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntGroup:
    """Agents who answer together; each is rung `ring_timeout_s`, the group `rounds` times."""

    name: str
    organisation: str
    agents: tuple[str, ...]
    strategy: Strategy = Strategy.LONGEST_IDLE
    ring_timeout_s: int = 20
    rounds: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpAmount:
    """An amount that customers can pay in, and the bonus that goes with it."""

    pay_micros: int
    bonus_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTerms:
    """The profile's account with a payment provider.

    `options` are the provider's own, by name; a value `secret:<name>` stands for a secret that is
    kept outside the operator's files.
    """

    provider: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFees:
    """What the operator charges the line owner for a profile, on its statement alone.

    `per_call_micros` is for each call of which a second was charged, `calls_basis_points` the
    hundredths of a percent of what calls were charged.
    """

    per_month_micros: int = 0
    per_call_micros: int = 0
    calls_basis_points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingProfile:
    """Whose money: services that share a profile share their callers' balances.

    `sites` are the web origins that may show its top-up page (`https://www.example.org`).
    """

    name: str
    organisation: str
    currency: str
    title: str = ""
    amounts: tuple[TopUpAmount, ...] = ()
    sites: tuple[str, ...] = ()
    providers: tuple[ProviderTerms, ...] = ()
    fees: PlatformFees = field(default_factory=PlatformFees)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Open from `opens_min` to `closes_min` (minutes since midnight) on `weekday` (Monday is 0)."""

    weekday: int
    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening hours in local time; no spans means always open."""

    timezone: str = "Europe/Berlin"
    spans: tuple[Span, ...] = ()
    holidays: tuple[date, ...] = ()


class OnAgentLost(StrEnum):
    """What happens when the agent is lost in mid-call."""

    NEXT = "next"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A premium line: numbers, money, people, words.

    `thresholds_s`: warnings are given this long before the money ends. `slice_s`: how much is held
    at a time. `free_hold_s`: how long a caller is kept free of charge after the end of the money.
    `forced_end_min`: minutes after the connection at which the call ends whatever is left.
    `max_wait_s`: how long a caller may wait for an agent. `blocked`: E.164 numbers, or prefixes
    that end in `*`.
    """

    name: str
    organisation: str
    dids: tuple[str, ...]
    profile: str
    tariff: Tariff
    group: str
    title: str = ""
    lang: str = "de"
    region: str = "DE"
    guard: str = "DE"
    hours: Hours = field(default_factory=Hours)
    blocked: tuple[str, ...] = ()
    caller_list: str = ""
    first_call_days: int | None = None
    thresholds_s: tuple[int, ...] = (120,)
    slice_s: int = 60
    free_hold_s: int = 60
    forced_end_min: int | None = 60
    forced_end_warning_s: int = 120
    on_agent_lost: OnAgentLost = OnAgentLost.END
    pin_entry: bool = False
    whisper: bool = True
    expected_wait_min: int = 1
    max_wait_s: int = 180


class OnInvalid(StrEnum):
    """What becomes of a number that cannot be right: the form may correct it, or it is over."""

    CORRECT = "correct"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How many verification calls may be placed within an hour, against toll fraud.

    `per_prefix`: to numbers that differ in their last four digits alone. `in_all` counts every
    merchant's calls. Of the last `window` verifications of a prefix or merchant at least
    `share_percent` must have proved their number, once there are `window`; 0 asks for none.
    """

    per_number: int = 5
    per_address: int = 20
    per_prefix: int = 30
    per_merchant: int = 600
    in_all: int = 3_000
    share_percent: int = 10
    window: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Who has numbers verified, on which terms; each proved number costs what `rate` says.

    `trunk` is the trunk his calls go through, `lines` what may be called. `tries`: wrong codes that
    end a verification; `calls`: how often one verification may ring; after busy or no answer it is
    tried again `retry_after_s` later. A verification ends after `lifetime_s`. `sites` are the web
    origins that may show the widget, and whose pages may ask.
    """

    name: str
    organisation: str
    trunk: str
    currency: str
    rate: Rate
    title: str = ""
    region: str = "DE"
    countries: tuple[str, ...] = ("DE",)
    lines: tuple[Line, ...] = (Line.MOBILE, Line.LANDLINE)
    modes: tuple[Mode, ...] = (Mode.SPEAK, Mode.KEYPAD)
    languages: tuple[str, ...] = ("de", "en")
    on_invalid: OnInvalid = OnInvalid.CORRECT
    code_digits: int = 6
    tries: int = 5
    calls: int = 3
    retry_after_s: int = 90
    lifetime_s: int = 600
    ring_timeout_s: int = 30
    limits: CallLimits = field(default_factory=CallLimits)
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One immutable, numbered version of everything above, looked up by name.

    `own_dialplan` are the operator's own files beside ours, text by name; None where that is not
    said: then Asterisk keeps those it has.
    """

    version: int
    organisations: tuple[Organisation, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    agents: tuple[Agent, ...] = ()
    groups: tuple[HuntGroup, ...] = ()
    profiles: tuple[BillingProfile, ...] = ()
    services: tuple[Service, ...] = ()
    merchants: tuple[Merchant, ...] = ()
    retention: tuple[Kept, ...] = ()
    probing: tuple[ProbePlan, ...] = ()
    own_dialplan: Mapping[str, str] | None = None

    @property
    def policy(self) -> Policy:
        """How long each kind of record is kept."""
        return policy_of(self.retention)

    @property
    def probe_plan(self) -> ProbePlan | None:
        """How numbers are probed; None: they are not."""
        return next(iter(self.probing), None)

    def service_of(self, did: str) -> Service | None:
        """The service that owns a number (E.164)."""
        return next((s for s in self.services if did in s.dids), None)

    def trunk(self, name: str) -> Trunk | None:
        return next((t for t in self.trunks if t.name == name), None)

    def agent(self, name: str) -> Agent | None:
        return next((a for a in self.agents if a.name == name), None)

    def group(self, name: str) -> HuntGroup | None:
        return next((g for g in self.groups if g.name == name), None)

    def profile(self, name: str) -> BillingProfile | None:
        return next((p for p in self.profiles if p.name == name), None)

    def title_of(self, organisation: str) -> str:
        """What an organisation calls itself; its name where that is not said."""
        titles = (o.title for o in self.organisations if o.name == organisation)
        return next(titles, organisation)

    def merchant(self, name: str) -> Merchant | None:
        return next((m for m in self.merchants if m.name == name), None)
