"""Which prompts must have audio before a call: what the project brings, what a service adds.

Pure lists; making the audio is `speech`'s. A prompt that is in no list still sounds: it is told
in more sentences, or with less in it (`engine.core.prompt.alternatives`).
"""

from collections.abc import Iterable, Iterator

from engine.core.inventory import Merchant, Service
from engine.core.prompt import FORMS, Prompt
from engine.core.rating import BillingStart, StartsFrom
from engine.core.spoken import MICROS_PER_CENT, MINUTES_SPOKEN_MAX
from engine.core.tariff import FirstCall

_MINUTES = (*range(1, 61), MINUTES_SPOKEN_MAX + 1)
_SECONDS = range(1, 60)
_WARNINGS_S = (10, 15, 30, 60, 120)
_FREE_HOLDS_S = (60,)
_EXPECTED_WAITS_MIN = (1, 2, 3, 5)
_CURRENCY = "EUR"


def brought_prompts() -> tuple[Prompt, ...]:
    """What the project brings as audio, so that no voice has to be installed to begin with."""
    return _once(
        (
            *_fixed(),
            *_times(),
            *_of_each("warning_caller", _WARNINGS_S),
            *_of_each("warning_agent", _WARNINGS_S),
            *_of_each("hold_top_up", _FREE_HOLDS_S),
            *_of_each("call_limit_soon", (60, 120)),
            *(Prompt.of("please_wait", minutes=minutes) for minutes in _EXPECTED_WAITS_MIN),
            Prompt.of("balance_too_low", balance_micros=0, currency=_CURRENCY),
            *_brought_prices(),
            *(Prompt.of("code_digit", digit=digit) for digit in range(10)),
        )
    )


def caller_prompts(service: Service) -> tuple[Prompt, ...]:
    """What only this service says to its callers: its prices, its thresholds, its waits."""
    return tuple(prompt for _, prompt in caller_sentences(service))


def caller_sentences(service: Service) -> tuple[tuple[str, Prompt], ...]:
    """The same, each with the field of the service (`tariff.landline`) that asks for it."""
    tariff = service.tariff
    start, currency = tariff.billing_start, tariff.currency
    prices = {
        "tariff.landline": tariff.landline_micros,
        "tariff.mobile": tariff.mobile_micros,
        "tariff.other": tariff.other_micros,
    }
    asked = [
        (field, prompt)
        for field, price in prices.items()
        for prompt in _price(price, currency, start, tariff.first_call, service.first_call_days)
    ]
    fees = _connect_fee(tariff.connect_fee_micros, currency, start)
    holds_s = (service.free_hold_s,) if service.free_hold_s else ()
    return _once_each(
        (
            *asked,
            *(("tariff.connect_fee", one) for one in fees),
            *(("thresholds_s", one) for one in _of_each("warning_caller", service.thresholds_s)),
            *(("free_hold_s", one) for one in _of_each("hold_top_up", holds_s)),
            _forced_end(service),
            ("expected_wait_min", Prompt.of("please_wait", minutes=service.expected_wait_min)),
        )
    )


def agent_prompts(service: Service) -> tuple[Prompt, ...]:
    """What only this service says to its agents."""
    return tuple(prompt for _, prompt in agent_sentences(service))


def agent_sentences(service: Service) -> tuple[tuple[str, Prompt], ...]:
    """The same, each with the field of the service that asks for it."""
    title = service.title or service.name
    return _once_each(
        (
            *(("title", Prompt.of("whisper_agent", service=title, returning=n)) for n in (0, 1)),
            *(("thresholds_s", one) for one in _of_each("warning_agent", service.thresholds_s)),
            _forced_end(service),
        )
    )


def merchant_sentences(merchant: Merchant) -> tuple[tuple[str, Prompt], ...]:
    """What only this merchant's verification calls say, in whose name they ring, with its field."""
    return (("title", Prompt.of("verify_greeting", service=merchant.title or merchant.name)),)


def balance_prompts(below_micros: int, currency: str) -> tuple[Prompt, ...]:
    """Every balance, to the cent, that is told because it buys nothing: less than the first
    increment and connect fee, `below_micros`. Many; worth it where a quick voice is at hand."""
    return tuple(
        Prompt.of(name, balance_micros=micros, currency=currency)
        for name in ("balance_too_low", "topped_up_balance")
        for micros in range(0, below_micros, MICROS_PER_CENT)
    )


def _price(
    price_micros: int,
    currency: str,
    start: BillingStart,
    first_call: FirstCall | None = None,
    first_call_days: int | None = None,
) -> Iterator[Prompt]:
    """The announcements of one price, alone and after a first-call price."""
    origin = start.origin.value
    yield Prompt.of(
        "tariff",
        price_micros=price_micros,
        currency=currency,
        starts=origin,
        after_s=start.after_s,
    )
    if first_call is None:
        return
    for days in {None, first_call_days}:
        yield Prompt.of(
            "tariff_first_call",
            price_micros=first_call.price_micros,
            then_micros=price_micros,
            currency=currency,
            starts=origin,
            after_s=start.after_s,
            minutes=first_call.minutes,
            days=days,
        )
    if first_call.minutes is not None:
        yield Prompt.of("price_change", price_micros=price_micros, currency=currency)


def _connect_fee(fee_micros: int, currency: str, start: BillingStart) -> Iterator[Prompt]:
    """The connect fee beside a price per minute, and as the price of a whole call."""
    if fee_micros > 0:
        fee: dict[str, int | str] = {"price_micros": fee_micros, "currency": currency}
        yield Prompt.of("connect_fee", **fee)
        yield Prompt.of("flat_price", **fee, starts=start.origin.value, after_s=start.after_s)


def _brought_prices() -> Iterator[Prompt]:
    joined = BillingStart(StartsFrom.CONVERSATION)
    for price in (600_000, 660_000, 990_000, 1_990_000, 2_990_000):
        yield from _price(price, _CURRENCY, joined)
    for price in (1_990_000, 2_990_000):
        yield from _price(price, _CURRENCY, BillingStart(StartsFrom.CONVERSATION, 10))
        yield from _price(price, _CURRENCY, joined, FirstCall(0, 10))
    for price in (660_000, 1_990_000):
        yield from _price(price, _CURRENCY, BillingStart(StartsFrom.ANNOUNCEMENT))
    for after_s in (10, 20, 30):
        for origin in StartsFrom:
            yield from _price(1_990_000, _CURRENCY, BillingStart(origin, after_s))
    yield from _connect_fee(500_000, _CURRENCY, joined)


def _fixed() -> Iterator[Prompt]:
    """All prompts without values, tones among them, and the shortest form of those with some."""
    for name, form in FORMS.items():
        if not form.required:
            yield Prompt.of(name)
    for returning in (0, 1):
        yield Prompt.of("whisper_agent", returning=returning)


def _times() -> Iterator[Prompt]:
    for minutes in _MINUTES:
        yield Prompt.of("minutes_left", minutes=minutes)
        yield Prompt.of("topped_up_caller", minutes=minutes)
    for seconds in _SECONDS:
        yield Prompt.of("seconds_left", seconds=seconds)


def _of_each(name: str, times_s: Iterable[int]) -> Iterator[Prompt]:
    return (Prompt.of(name, seconds=seconds) for seconds in times_s)


def _forced_end(service: Service) -> tuple[str, Prompt]:
    return (
        "forced_end_warning_s",
        Prompt.of("call_limit_soon", seconds=service.forced_end_warning_s),
    )


def _once_each(asked: Iterable[tuple[str, Prompt]]) -> tuple[tuple[str, Prompt], ...]:
    """Each prompt once, with the first field that asks for it."""
    first: dict[str, tuple[str, Prompt]] = {}
    for field, prompt in asked:
        first.setdefault(prompt.key(), (field, prompt))
    return tuple(first.values())


def _once(prompts: Iterable[Prompt]) -> tuple[Prompt, ...]:
    return tuple({prompt.key(): prompt for prompt in prompts}.values())
