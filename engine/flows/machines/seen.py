"""One live call at an instant, as supervisors and agents see it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Warned:
    """Somebody (`caller` or `agent`) was told of the time left: when, and by which prompt."""

    at_ms: int
    who: str
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """One call at the instant `at_ms`; times are of Asterisk's clock, in milliseconds since 1970.

    `kind` is its machine's; `service` the line's or merchant's title, where one has a title.
    `caller` is cut by three digits, None if withheld or unknown; the number called, where we call.
    `since_ms` is when it came into its `state`. `cost_micros` is what it costs if it ends now,
    `left_ms` how long it may go on if everyone on the account talks on; None while its meter
    stands. Whoever shows it counts `left_ms` down by himself while `meter_runs`. `balance_micros`,
    `held_micros`: the account's, by all its calls, None before one is known. `ordered` is what
    people ordered: when, who, what. `price_micros` is the price a minute that the call keeps, None
    before it was told one. What is not given is that of a call which costs its caller nothing.
    """

    at_ms: int
    call_id: str
    organisation: str
    engine: str
    service: str = ""
    kind: str = "premium"
    account_id: str | None = None
    caller: str | None
    withheld: bool
    agent: str | None = None
    state: str
    since_ms: int
    arrived_ms: int
    currency: str = ""
    cost_micros: int = 0
    meter_runs: bool = False
    left_ms: int | None = None
    balance_micros: int | None = None
    held_micros: int | None = None
    warned: tuple[Warned, ...] = ()
    ordered: tuple[tuple[int, str, str], ...] = ()
    first_call: bool = False
    config_version: int = 0
    price_micros: int | None = None
