"""What an operator can write in his files: every section, every key, its default and its limits.

`ConfigFile` is the whole of it; the published JSON Schema is made from here. The keys of a tariff
are those of `groschen quote` (`core.quote`), the others those of `core.inventory`.
"""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from engine.core.identity import Vouched
from engine.core.inventory import AgentKind, OnAgentLost, OnInvalid, Strategy
from engine.core.money import DECIMALS, Rounding, RoundingMode
from engine.core.number import NumberFormat
from engine.core.rating import BillingStart, StartsFrom
from engine.core.retention import Kind
from engine.core.tariff import FirstCall, Line, Tariff
from engine.core.verification import Mode
from engine.flows.config.fields import (
    Currency,
    Flag,
    GuardName,
    Host,
    IncrementText,
    Language,
    Micros,
    Name,
    NumberPattern,
    Option,
    Origin,
    Percent,
    PhoneNumber,
    Ref,
    Region,
    Strict,
    Text,
    Timezone,
    Whole,
    choice,
    read_text,
    refuse,
)
from engine.flows.config.hours import HoursInFile

Organisation = Annotated[Name, Ref("organisations")]


class OrganisationInFile(Strict):
    """A line owner for whom the operator runs services; every record belongs to one."""

    title: Text = Field(description="its name as people read it")


class TrunkInFile(Strict):
    """A SIP trunk to a carrier."""

    region: Region = Field("DE", description="country whose numbers come without country code")
    host: Host = Field(description="the carrier's SIP address; calls are taken only from there")
    port: Whole = Field(5060, ge=1, le=65535)
    vouches: Annotated[Vouched, BeforeValidator(choice(Vouched))] = Field(
        Vouched.PAI,
        description="what the carrier vouches for: pai (P-Asserted-Identity), from, or nothing",
    )
    number_format: Annotated[NumberFormat, BeforeValidator(choice(NumberFormat))] = Field(
        description="how the carrier writes numbers: e164_plus, 00cc, cc or national"
    )
    early_media: Flag = Field(True, description="whether callers hear audio before the answer")
    caller_id: PhoneNumber | None = Field(
        None, description="own number shown to the people called through this trunk"
    )
    caller_id_right: Text | None = Field(
        None,
        description="what proves the right to show caller_id, where it is none of the services' "
        "numbers and not active in the stock for whoever calls (§ 120 TKG)",
    )


class AgentInFile(Strict):
    """Someone who answers calls."""

    organisation: Organisation | None = Field(None, description="may be left out if there is one")
    kind: Annotated[AgentKind, BeforeValidator(choice(AgentKind))] = Field(
        AgentKind.PHONE, description="phone (SIP) or outside (a number in the telephone network)"
    )
    address: Annotated[
        str, BeforeValidator(read_text), WithJsonSchema({"type": ["string", "integer"]})
    ] = Field(
        "",
        description="host:port of a phone (left out if it registers), the number of an outside one",
    )
    trunk: Annotated[Name, Ref("trunks")] | None = Field(
        None, description="the trunk an outside number is called through"
    )
    lang: Language = Field("de", description="the language of what the agent is told")
    wrap_up_s: Whole = Field(10, ge=0, le=3600, description="seconds of rest after a call")
    user: Annotated[str, BeforeValidator(read_text)] = Field(
        "", description="the user of the console who is this agent and sees his own page there"
    )


class GroupInFile(Strict):
    """Agents who answer together."""

    organisation: Organisation | None = Field(None, description="may be left out if there is one")
    agents: list[Annotated[Name, Ref("agents")]] = Field(min_length=1, max_length=200)
    strategy: Annotated[Strategy, BeforeValidator(choice(Strategy))] = Field(
        Strategy.LONGEST_IDLE, description="all, in_order, longest_idle or round_robin"
    )
    ring_timeout_s: Whole = Field(20, ge=5, le=120, description="seconds an agent is rung")
    rounds: Whole = Field(2, ge=1, le=10, description="how often the group is gone through")


class AmountInFile(Strict):
    """An amount that customers can pay in."""

    pay: Micros = Field(gt=0, description="what is paid")
    bonus: Micros = Field(0, description="what is given on top; taken back with a refund")


class FeesInFile(Strict):
    """What you charge the line owner: a line of the statement each, rounded half up to the cent."""

    per_month: Micros = Field(0, description="for each month")
    per_call: Micros = Field(0, description="for each call of which a second was charged")
    percent_of_calls: Percent = Field(0, description="of what calls were charged")


class ProfileInFile(Strict):
    """A billing profile: services that share it share their callers' balances."""

    organisation: Organisation | None = Field(None, description="may be left out if there is one")
    currency: Currency
    title: Text | None = Field(None, description="on the top-up page; default: its name")
    amounts: list[AmountInFile] = Field(
        default_factory=list, max_length=12, description="what customers can pay in"
    )
    sites: list[Origin] = Field(
        default_factory=list, max_length=50, description="web sites that may show the top-up page"
    )
    providers: dict[Name, dict[Name, Option]] = Field(
        default_factory=dict,
        description="payment providers with their options; `secret:NAME` is read from the secrets",
    )
    fees: FeesInFile = Field(
        default=FeesInFile(), description="what you charge the line owner; on the statement alone"
    )


class BillingStartsInFile(Strict):
    """When charging begins."""

    origin: Annotated[StartsFrom, BeforeValidator(choice(StartsFrom))] = Field(
        alias="from", description="announcement (its end) or conversation (both sides joined)"
    )
    after_seconds: Whole = Field(0, ge=0, le=3600, description="further free seconds")


class FirstCallInFile(Strict):
    """The offer to first-time callers; at least one of minutes and days."""

    price: Micros = Field(description="per minute; may be 0")
    minutes: Whole | None = Field(
        None, ge=1, le=1440, description="for so many minutes of a call; without: for all of it"
    )
    days: Whole | None = Field(
        None, ge=1, le=366, description="for all calls within so many days; without: the first"
    )

    @model_validator(mode="after")
    def _ends_somewhere(self) -> "FirstCallInFile":
        if self.minutes is None and self.days is None:
            raise refuse("endless_offer", "must have minutes, days, or both")
        return self


class RoundingInFile(Strict):
    """How the charge of a call is rounded, once."""

    digits: Whole = Field(2, ge=0, le=DECIMALS)
    mode: Annotated[RoundingMode, BeforeValidator(choice(RoundingMode))] = Field(
        RoundingMode.HALF_UP, description="up, down, half_up or half_even"
    )


class TariffInFile(Strict):
    """What calls cost; prices per minute, VAT included, decimals with at most 6 places."""

    organisation: Organisation | None = Field(None, description="may be left out if there is one")
    currency: Currency
    landline: Micros = Field(description="for callers from a landline of the service's region")
    mobile: Micros = Field(description="for callers from a mobile of the service's region")
    other: Micros | None = Field(
        None, description="for all others (foreign, VoIP); without: the dearer of the two"
    )
    increment: IncrementText = Field(description='first/next in seconds: "60/60", "1/1", …')
    billing_starts: BillingStartsInFile
    connect_fee: Micros = Field(0, description="once for every charged call")
    first_call: FirstCallInFile | None = None
    max_call_minutes: Whole = Field(60, ge=1, le=1440, description="the longest charged call")
    rounding: RoundingInFile = Field(default=RoundingInFile())

    @model_validator(mode="after")
    def _first_increment_fits(self) -> "TariffInFile":
        if self.increment.first_s > self.max_call_minutes * 60:
            raise refuse("never_affordable", "has a first increment longer than max_call_minutes")
        return self

    def built(self) -> Tariff:
        offer = self.first_call
        return Tariff(
            currency=self.currency,
            landline_micros=self.landline,
            mobile_micros=self.mobile,
            other_micros=max(self.landline, self.mobile) if self.other is None else self.other,
            increment=self.increment,
            billing_start=BillingStart(
                self.billing_starts.origin, self.billing_starts.after_seconds
            ),
            connect_fee_micros=self.connect_fee,
            first_call=FirstCall(offer.price, offer.minutes) if offer else None,
            max_call_minutes=self.max_call_minutes,
            rounding=Rounding(self.rounding.digits, self.rounding.mode),
        )


class ServiceInFile(Strict):
    """A premium line: its numbers, its price, its people, its hours."""

    organisation: Organisation | None = Field(None, description="may be left out if there is one")
    region: Region = Field("DE", description="country of its numbers and of landline and mobile")
    title: Text | None = Field(None, description="shown and told to agents; without: its name")
    numbers: list[PhoneNumber] = Field(
        min_length=1, max_length=200, description="the numbers people call, as people write them"
    )
    profile: Annotated[Name, Ref("profiles")]
    tariff: Annotated[Name, Ref("tariffs")]
    group: Annotated[Name, Ref("groups")]
    lang: Language = Field("de", description="the language its callers hear")
    guard: GuardName = Field(
        "DE", description="whose law its price and conduct are held to, or none"
    )
    hours: HoursInFile = Field(default=HoursInFile())
    blocked: list[NumberPattern] = Field(
        default_factory=list,
        max_length=10_000,
        description="callers who are turned away: numbers, or beginnings such as 0900*",
    )
    caller_list: Name | None = Field(
        None, description="who has had the first-call offer; shared by services that name it"
    )
    thresholds_s: list[Annotated[Whole, Field(ge=5, le=3600)]] = Field(
        default_factory=lambda: [120],
        max_length=10,
        description="seconds before the end of the money at which both sides are warned",
    )
    slice_s: Whole = Field(60, ge=5, le=600, description="about how much is held at a time")
    free_hold_s: Whole = Field(
        60, ge=0, le=600, description="how long a caller is kept, free, to top up; 0: not"
    )
    forced_end_min: Whole | None = Field(
        60, ge=1, le=1440, description="minutes after the connection that end any call; null: none"
    )
    forced_end_warning_s: Whole = Field(120, ge=10, le=600, description="announced so long before")
    on_agent_lost: Annotated[OnAgentLost, BeforeValidator(choice(OnAgentLost))] = Field(
        OnAgentLost.END, description="if the agent is lost in mid-call: end it, or try the next"
    )
    pin_entry: Flag = Field(False, description="callers not recognised may enter number and PIN")
    whisper: Flag = Field(True, description="tell the agent who comes before he is joined")
    expected_wait_min: Whole = Field(1, ge=1, le=60, description="told to waiting callers")
    max_wait_s: Whole = Field(180, ge=10, le=3600, description="how long a caller may wait")

    @model_validator(mode="after")
    def _warned_before_the_end(self) -> "ServiceInFile":
        if self.forced_end_min and self.forced_end_warning_s >= self.forced_end_min * 60:
            raise refuse("warning_too_early", "has a forced_end_warning_s before the call begins")
        return self


class CallLimitsInFile(Strict):
    """How many verification calls may be placed within an hour, against toll fraud."""

    per_number: Whole = Field(5, ge=1, le=1_000, description="calls to one number")
    per_address: Whole = Field(20, ge=1, le=100_000, description="calls asked for by one address")
    per_prefix: Whole = Field(
        30, ge=1, le=100_000, description="calls to numbers that differ in the last four digits"
    )
    per_merchant: Whole = Field(600, ge=1, le=1_000_000, description="this merchant's calls")
    in_all: Whole = Field(3_000, ge=1, le=1_000_000, description="the calls of all merchants")
    share_percent: Whole = Field(
        10, ge=0, le=100, description="proved numbers of the last ones, below which none is called"
    )
    window: Whole = Field(30, ge=5, le=1_000, description="how many last ones are looked at")


class MerchantInFile(Strict):
    """Who has phone numbers verified by a call, and what a proved number costs him."""

    organisation: Organisation | None = Field(None, description="may be left out if there is one")
    region: Region = Field("DE", description="country whose numbers are typed without country code")
    title: Text | None = Field(None, description="in whose name the call is; without: its name")
    trunk: Annotated[Name, Ref("trunks")] = Field(description="calls go through it, as its number")
    currency: Currency
    price: Micros = Field(description="for each proved number; whatever else happens is free")
    per_minute: Micros = Field(0, description="for each minute begun of the call that proved it")
    rounding: RoundingInFile = Field(default=RoundingInFile())
    countries: list[Region] = Field(
        default_factory=lambda: ["DE"], min_length=1, max_length=50, description="may be called"
    )
    lines: list[Annotated[Line, BeforeValidator(choice(Line))]] = Field(
        default_factory=lambda: [Line.MOBILE, Line.LANDLINE],
        min_length=1,
        max_length=2,
        description="mobile, landline",
    )
    modes: list[Annotated[Mode, BeforeValidator(choice(Mode))]] = Field(
        default_factory=lambda: [Mode.SPEAK, Mode.KEYPAD],
        min_length=1,
        max_length=3,
        description="speak a code, have one keyed in (keypad), or just one key (press: weak)",
    )
    languages: list[Language] = Field(
        default_factory=lambda: ["de", "en"], min_length=1, max_length=10
    )
    on_invalid: Annotated[OnInvalid, BeforeValidator(choice(OnInvalid))] = Field(
        OnInvalid.CORRECT, description="correct (the form may correct a wrong number) or end"
    )
    code_digits: Whole = Field(6, ge=4, le=10)
    tries: Whole = Field(5, ge=1, le=10, description="wrong codes that end a verification")
    calls: Whole = Field(3, ge=1, le=10, description="calls that one verification may make")
    retry_after_s: Whole = Field(90, ge=10, le=3600, description="after busy or no answer")
    lifetime_s: Whole = Field(600, ge=120, le=86_400)
    ring_timeout_s: Whole = Field(30, ge=5, le=60)
    limits: CallLimitsInFile = Field(default=CallLimitsInFile())
    sites: list[Origin] = Field(
        default_factory=list, max_length=50, description="web sites that may show the widget"
    )


class KeptInFile(Strict):
    """For how long a kind of record is kept, for all organisations."""

    months: Whole = Field(ge=1, le=120, description="whole months, from the first of the next")


class ProbingInFile(Strict):
    """How numbers of the stock are called by the engine itself, to see that they live."""

    region: Region = Field("DE", description="country of the number, if it has no country code")
    trunk: Annotated[Name, Ref("trunks")] = Field(description="they are called through it")
    number: PhoneNumber = Field(
        description="own number that is shown, and by which such a call is known when it comes back"
    )
    number_right: Text | None = Field(
        None,
        description="what proves the right to show number, where it is none of the services' "
        "numbers and not active in the stock (§ 120 TKG)",
    )
    from_hour: Whole = Field(10, ge=0, le=23, description="each number once a day, from this hour")
    to_hour: Whole = Field(16, ge=1, le=24, description="to this one, spread over the time")
    timezone: Timezone = Field("Europe/Berlin", description="whose hours they are")
    at_once: Whole = Field(
        2, ge=1, le=50, description="calls at the same time; fewer than the trunk has channels"
    )
    per_minute: Whole = Field(10, ge=1, le=600, description="calls begun in a minute, at most")
    arrive_within_s: Whole = Field(20, ge=3, le=60, description="to come back in")
    tries: Whole = Field(3, ge=3, le=10, description="that fail before a number is dead")
    retry_after_s: Whole = Field(600, ge=60, le=7200, description="between the tries")
    toll_free: Flag = Field(
        False, description="the trunk reaches US toll-free numbers: they are called too"
    )

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> "ProbingInFile":
        if self.from_hour >= self.to_hour:
            raise refuse("no_time", "has a from_hour that is not before its to_hour")
        return self


class ConfigFile(Strict):
    """One of the operator's files: any of these sections, each entry under a name of its own."""

    organisations: dict[Name, OrganisationInFile] = Field(default_factory=dict)
    trunks: dict[Name, TrunkInFile] = Field(default_factory=dict)
    agents: dict[Name, AgentInFile] = Field(default_factory=dict)
    groups: dict[Name, GroupInFile] = Field(default_factory=dict)
    profiles: dict[Name, ProfileInFile] = Field(default_factory=dict)
    tariffs: dict[Name, TariffInFile] = Field(default_factory=dict)
    services: dict[Name, ServiceInFile] = Field(default_factory=dict)
    verification: dict[Name, MerchantInFile] = Field(default_factory=dict)
    retention: dict[Kind, KeptInFile] = Field(default_factory=dict)
    probing: dict[Name, ProbingInFile] = Field(default_factory=dict, max_length=1)


SECTIONS: dict[str, type[Strict]] = {
    "organisations": OrganisationInFile,
    "trunks": TrunkInFile,
    "agents": AgentInFile,
    "groups": GroupInFile,
    "profiles": ProfileInFile,
    "tariffs": TariffInFile,
    "services": ServiceInFile,
    "verification": MerchantInFile,
    "retention": KeptInFile,
    "probing": ProbingInFile,
}
