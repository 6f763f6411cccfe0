"""Who breaks the law of his country: a service judged by its guard profile (`core.law`).

`check` judges a service by the kinds of its access numbers and names every breach with its
paragraph; `check_caller_id` judges a number that is to be shown to the people called,
`check_holder` for whom.

Not judged here, because no configuration decides them: price and connect fee are told before
charging and a new price before it applies (§ 110 TKG, art. 11a PBV), the end after 60 minutes is
announced, the itemised bill shows connect fee and time apart (§ 112(3) TKG).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.core.inventory import Service, Trunk
from engine.core.law import GUARDS, AccessKind, Guard, PriceCap, Rule
from engine.core.money import format_shortest
from engine.core.prompt import SILENCE_AFTER_TARIFF_MS
from engine.core.rating import StartsFrom, charge, max_increments
from engine.core.tariff import Line, Tariff, rate_for


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule of law that a configuration breaks.

    `field` is the dotted path within the service (`tariff.landline`), `rule` a stable code,
    `message` is to be read after the field's name; `values` are those it names, for whoever says
    it in another language. `place`: line and column of the words that break it, where it is words.
    """

    paragraph: str
    field: str
    rule: Rule
    message: str
    values: Mapping[str, str]
    place: tuple[int, int] = (0, 0)


def check(
    service: Service,
    *,
    outside: Sequence[Trunk] = (),
    pause_ms: int = SILENCE_AFTER_TARIFF_MS,
) -> tuple[Breach, ...]:
    """Every breach of the service's guard profile, each (paragraph, field) once.

    `outside`: the trunks its agents in the outside network are called through. `pause_ms`: the
    silence that ends the tariff announcement. Raises KeyError for a profile that is not there.
    """
    guard = GUARDS[service.guard]
    if guard is None:
        return ()
    kinds = {did: guard.kind_of(did, service.region) for did in service.dids}
    found: dict[tuple[str, str], Breach] = {}
    for breach in _breaches(service, guard, kinds, outside, pause_ms):
        found.setdefault((breach.paragraph, breach.field), breach)
    return tuple(found.values())


def check_caller_id(
    number: str, guard_code: str, *, is_held: bool = True, right: str = "caller_id_right"
) -> tuple[Breach, ...]:
    """What forbids showing a number (E.164) to the people called through a trunk (§ 120 TKG).

    `is_held`: somebody here has it, or the right to show it is proved otherwise, as the field
    `right` beside the number's says.
    """
    guard = GUARDS.get(guard_code)
    if guard is None:
        return ()
    kind = guard.kind_of(number)
    if kind in guard.never_shown:
        return (_never_shown(guard, "caller_id", number, kind),)
    bound = Rule.CALLER_ID_FOREIGN in guard.paragraphs
    if bound and not number.startswith(guard.calling_code):
        message = "must be a complete number of {code}, not {given}"
        values = {"code": guard.calling_code, "given": number}
        return (_breach(guard, Rule.CALLER_ID_FOREIGN, "caller_id", message, **values),)
    if not is_held and Rule.CALLER_ID_NOT_HELD in guard.paragraphs:
        message = (
            "({given}) is nobody's here, neither a service's nor active in the stock; the right "
            "to show it, if proved otherwise, is to be named in {right}"
        )
        values = {"given": number, "right": right}
        return (_breach(guard, Rule.CALLER_ID_NOT_HELD, "caller_id", message, **values),)
    return ()


def check_holder(number: str, guard_code: str, organisation: str) -> tuple[Breach, ...]:
    """What forbids showing a number that only others have, for an organisation that calls through
    the trunk (§ 120 TKG)."""
    guard = GUARDS.get(guard_code)
    if guard is None or Rule.CALLER_ID_NOT_HELD not in guard.paragraphs:
        return ()
    message = (
        "shows people called {given}, which {organisation} does not have; the right to show it, "
        "if proved otherwise, is to be named in the trunk's caller_id_right"
    )
    values = {"given": number, "organisation": organisation}
    return (_breach(guard, Rule.CALLER_ID_NOT_HELD, "trunk", message, **values),)


def _breaches(
    service: Service,
    guard: Guard,
    kinds: Mapping[str, AccessKind],
    outside: Sequence[Trunk],
    pause_ms: int,
) -> Iterator[Breach]:
    tariff = service.tariff
    yield from _currency(tariff, guard, kinds)
    for did, kind in kinds.items():
        if kind is AccessKind.TOLL_FREE:
            yield from _free(tariff, guard, did)
            continue
        cap = guard.cap_of(did)
        if cap is not None:
            yield from _prices(tariff, cap, did, kind)
            yield from _fee(tariff, cap, did, kind)
            yield from _whole_call(tariff, cap, did, kind)
        yield from _preamble(tariff, guard, did, kind)
        yield from _paid_waiting(tariff, guard, did, kind)
    for kind in kinds.values():
        yield from _increments(tariff, guard, kind)
        yield from _rounding(tariff, guard, kind)
    yield from _pause(tariff, guard, pause_ms)
    for kind in kinds.values():
        yield from _forced_end(service, guard, kind)
    yield from _own_number(kinds, guard, outside)


def _currency(tariff: Tariff, guard: Guard, kinds: Mapping[str, AccessKind]) -> Iterator[Breach]:
    bound = not guard.currency_on.isdisjoint(kinds.values())
    if bound and tariff.currency != guard.currency:
        message = "must be {wanted}, in which the law states its limits"
        yield _breach(guard, Rule.CURRENCY, "tariff.currency", message, wanted=guard.currency)


def _minute_prices(tariff: Tariff) -> Iterator[tuple[str, int]]:
    """Every price per minute a caller can meet, with its field."""
    yield "tariff.landline", tariff.landline_micros
    yield "tariff.mobile", tariff.mobile_micros
    yield "tariff.other", tariff.other_micros
    if tariff.first_call is not None:
        yield "tariff.first_call.price", tariff.first_call.price_micros


def _by_time(tariff: Tariff) -> bool:
    return any(micros > 0 for _, micros in _minute_prices(tariff))


def _free(tariff: Tariff, guard: Guard, did: str) -> Iterator[Breach]:
    priced = [*_minute_prices(tariff), ("tariff.connect_fee", tariff.connect_fee_micros)]
    for field, micros in priced:
        if micros > 0:
            message = "must be 0: {did} is toll-free, its callers pay nothing"
            yield _breach(guard, Rule.TOLL_FREE, field, message, did=did)


def _prices(tariff: Tariff, cap: PriceCap, did: str, kind: AccessKind) -> Iterator[Breach]:
    most_micros = cap.minute_micros or 0
    for field, micros in _minute_prices(tariff):
        if micros > most_micros:
            yield _said(
                cap.paragraph,
                field,
                Rule.PRICE_PER_MINUTE,
                "must be at most {most} a minute on {did} ({kind}), not {given}",
                most=format_shortest(most_micros),
                did=did,
                kind=kind,
                given=format_shortest(micros),
            )


def _fee(tariff: Tariff, cap: PriceCap, did: str, kind: AccessKind) -> Iterator[Breach]:
    fee_micros = tariff.connect_fee_micros
    most_micros = cap.call_micros or 0
    if fee_micros > most_micros:
        yield _said(
            cap.call_paragraph or cap.paragraph,
            "tariff.connect_fee",
            Rule.PRICE_PER_CALL,
            "must be at most {most} a call on {did} ({kind}), not {given}",
            most=format_shortest(most_micros),
            did=did,
            kind=kind,
            given=format_shortest(fee_micros),
        )
    elif fee_micros > 0 and cap.whole_micros is None and _by_time(tariff):
        yield from _mixed(tariff, cap, did, kind)


def _mixed(tariff: Tariff, cap: PriceCap, did: str, kind: AccessKind) -> Iterator[Breach]:
    if cap.mixed_micros is None:
        message = "must be 0: {did} ({kind}) may cost by the minute or by the call, not both"
        rule, field = Rule.MIXED_PRICE, "tariff.connect_fee"
        yield _said(cap.paragraph, field, rule, message, did=did, kind=kind)
        return
    dearest_micros = _dearest_call(tariff)
    if dearest_micros > cap.mixed_micros:
        yield _said(
            cap.mixed_paragraph,
            "tariff.connect_fee",
            Rule.MIXED_PRICE,
            "must be 0 where the whole call can cost more than {most}: {minutes} minutes "
            "(max_call_minutes) can cost {dearest}",
            most=format_shortest(cap.mixed_micros),
            minutes=str(tariff.max_call_minutes),
            dearest=format_shortest(dearest_micros),
        )


def _whole_call(tariff: Tariff, cap: PriceCap, did: str, kind: AccessKind) -> Iterator[Breach]:
    dearest_micros = _dearest_call(tariff)
    if cap.whole_micros is not None and dearest_micros > cap.whole_micros:
        yield _said(
            cap.whole_paragraph,
            "tariff.max_call_minutes",
            Rule.WHOLE_CALL,
            "must be so few that no call on {did} ({kind}) costs more than {most}: {minutes} can "
            "cost {dearest}",
            did=did,
            kind=kind,
            most=format_shortest(cap.whole_micros),
            minutes=str(tariff.max_call_minutes),
            dearest=format_shortest(dearest_micros),
        )


def _dearest_call(tariff: Tariff) -> int:
    rates = [rate_for(tariff, line, first) for line in Line for first in (False, True)]
    return max(charge(rate, max_increments(rate)) for rate in rates)


def _preamble(tariff: Tariff, guard: Guard, did: str, kind: AccessKind) -> Iterator[Breach]:
    """The law wants words and a tone before the price that no announcement here has."""
    if kind in guard.preamble_on and (_by_time(tariff) or tariff.connect_fee_micros > 0):
        message = (
            "{did} ({kind}) may charge only after a preamble (name and kind of the service, a "
            "parent's permission, a tone) that is not spoken here"
        )
        yield _breach(guard, Rule.ANNOUNCEMENT, "numbers", message, did=did, kind=kind)


def _increments(tariff: Tariff, guard: Guard, kind: AccessKind) -> Iterator[Breach]:
    longest = guard.increments.get(kind, ())
    kept = any(
        tariff.increment.first_s <= most.first_s and tariff.increment.next_s <= most.next_s
        for most in longest
    )
    if longest and not kept and _by_time(tariff):
        message = "must be at most {longest} on {kind} numbers, not {given}"
        values = {"longest": " or ".join(map(str, longest)), "given": str(tariff.increment)}
        yield _breach(guard, Rule.INCREMENT, "tariff.increment", message, kind=kind, **values)


def _rounding(tariff: Tariff, guard: Guard, kind: AccessKind) -> Iterator[Breach]:
    fewest = guard.rounding_digits.get(kind, 0)
    if tariff.rounding.digits < fewest:
        message = "must be at least {fewest} on {kind} numbers, not {given}"
        values = {"fewest": str(fewest), "given": str(tariff.rounding.digits)}
        yield _breach(guard, Rule.ROUNDING, "tariff.rounding.digits", message, kind=kind, **values)


def _pause(tariff: Tariff, guard: Guard, pause_ms: int) -> Iterator[Breach]:
    """The time from the last word of the announcement to the first charged second."""
    gap_ms = pause_ms + tariff.billing_start.after_s * 1000
    if gap_ms < guard.announcement_pause_ms:
        message = (
            "must let charging begin {least} ms or more after the tariff announcement has ended, "
            "not {given} ms"
        )
        values = {"least": str(guard.announcement_pause_ms), "given": str(gap_ms)}
        field = "tariff.billing_starts.after_seconds"
        yield _breach(guard, Rule.ANNOUNCEMENT_PAUSE, field, message, **values)


def _forced_end(service: Service, guard: Guard, kind: AccessKind) -> Iterator[Breach]:
    """The latest end the law leaves to the dearest price of this service."""
    dearest_micros = max(micros for _, micros in _minute_prices(service.tariff))
    latest_min = max(
        (
            end.after_min
            for end in guard.forced_ends.get(kind, ())
            if end.below_micros is None or dearest_micros < end.below_micros
        ),
        default=None,
    )
    end_min = service.forced_end_min
    if latest_min is None or not _by_time(service.tariff):
        return
    if end_min is None or end_min > latest_min:
        message = "must be at most {most} minutes after the connection"
        yield _breach(guard, Rule.FORCED_END, "forced_end_min", message, most=str(latest_min))


def _paid_waiting(tariff: Tariff, guard: Guard, did: str, kind: AccessKind) -> Iterator[Breach]:
    """Waiting that is charged by time; a flat price may wait on any number."""
    charged = tariff.billing_start.origin is StartsFrom.ANNOUNCEMENT and _by_time(tariff)
    if charged and kind not in guard.paid_waiting_on:
        message = "must be conversation: waiting on {did} ({kind}) must be free for the caller"
        field = "tariff.billing_starts.from"
        yield _breach(guard, Rule.PAID_WAITING, field, message, did=did, kind=kind)


def _own_number(
    kinds: Mapping[str, AccessKind], guard: Guard, outside: Sequence[Trunk]
) -> Iterator[Breach]:
    """Agents in the outside network are shown the service's number where a trunk has no own."""
    if all(trunk.caller_id for trunk in outside):
        return
    for did, kind in kinds.items():
        if kind in guard.never_shown:
            yield _never_shown(guard, "numbers", did, kind)


def _never_shown(guard: Guard, field: str, number: str, kind: AccessKind) -> Breach:
    message = "{did} ({kind}) must never be sent or shown as a caller's number"
    return _breach(guard, Rule.CALLER_ID, field, message, did=number, kind=kind)


def _breach(guard: Guard, rule: Rule, field: str, message: str, **values: str) -> Breach:
    return _said(guard.paragraphs[rule], field, rule, message, **values)


def _said(paragraph: str, field: str, rule: Rule, message: str, **values: str) -> Breach:
    """A breach whose message has its values in braces."""
    return Breach(paragraph, field, rule, message.format_map(values), values)
