"""What a recorded call would have been under a draft: the live machine's rules on a call's record.

`replayed` asks what `premium.arrival` asks, in its order, and rates what was talked; a record
replayed under the configuration it was made by gives its own outcome. Identity, times and the
claim of a first-call offer are the record's.

Money ends a call as it does live, where it is known what the account had (`purses`). A call that
its money had ended costs no more than the money there was; if the draft leaves some of it over, the
call might have gone on.

What no record knows stays as it was. A caller told another price might have hung up earlier, or
talked on. Who was refused for his balance stays refused; who never talked is not asked for money.
A caller whose number was let go keeps his price class, and stays blocked if he was; whom staff had
blocked stays so. An offer that is new in the draft is given to nobody. An unknown caller on a line
that now takes PINs stays unknown. How a call would have gone that was refused and now is let in,
nobody knows: it has neither charge nor disposition.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.inventory import Inventory, Service, Trunk
from engine.core.number import NumberFormat, NumberInfo, normalise
from engine.core.rating import (
    Rate,
    affordable_increments,
    charge,
    elapsed_ms,
    increments_begun,
    max_increments,
    seconds_of,
)
from engine.core.tariff import Line, rate_for
from engine.premium.rules import closed_because, is_blocked, price_class

CUT_LATE_MS = 1_000
"""How much later than its deadline a call may have been cut off, and still be the same call."""

_KEPT = frozenset({Refusal.ACCOUNT_BLOCKED, Refusal.BALANCE_TOO_LOW, Refusal.PIN_WRONG})
_NUMBERS_KEPT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call went, or would have.

    `service` is None where none is reached, `disposition` where nobody knows; `rate` and `line`
    are those of a conversation. Money is micro-units of `currency`. How a replayed conversation
    compares with the recorded one is told beside: `cut_short` if the draft ends it before its time,
    `might_go_on` if its money ended it and would not have yet.
    """

    service: str | None
    currency: str
    line: str | None = None
    rate: Rate | None = None
    charged_s: int = 0
    charge_micros: int = 0
    disposition: Disposition | None = None
    refusal: Refusal | None = None
    cut_short: bool = field(default=False, compare=False)
    might_go_on: bool = field(default=False, compare=False)


class Difference(StrEnum):
    """What a draft makes different for a call; one call can have several."""

    NOT_ROUTED = "not_routed"
    OTHER_SERVICE = "other_service"
    REFUSED = "refused"
    LET_IN = "let_in"
    ENDS_EARLIER = "ends_earlier"
    MIGHT_GO_ON = "might_go_on"
    PRICE_CLASS = "price_class"
    RATE = "rate"
    CHARGE = "charge"


@dataclass(frozen=True, slots=True)
class Draft:
    """An inventory laid out for many calls: services by their numbers, trunks by name."""

    services: Mapping[str, Service]
    trunks: Mapping[str, Trunk]

    @classmethod
    def of(cls, inventory: Inventory) -> "Draft":
        """The draft that an inventory is."""
        services = {did: service for service in inventory.services for did in service.dids}
        trunks = {trunk.name: trunk for trunk in inventory.trunks}
        return cls(MappingProxyType(services), MappingProxyType(trunks))


def recorded(record: CallRecord) -> Outcome:
    """How a call went."""
    talked = record.talk_ms > 0
    return Outcome(
        service=record.service,
        currency=record.currency,
        line=record.line if talked else None,
        rate=record.rate if talked else None,
        charged_s=record.charged_s,
        charge_micros=record.charge_micros,
        disposition=record.disposition,
        refusal=record.refusal,
    )


def replayed(record: CallRecord, draft: Draft, money_micros: int | None = None) -> Outcome:
    """How a call would have gone under the draft.

    `money_micros` is what the caller's account would have had for it, in the record's currency;
    None where nobody knows.
    """
    service = draft.services.get(record.did)
    trunk = draft.trunks.get(record.trunk)
    if service is None or trunk is None:
        return Outcome(service=None, currency=record.currency)
    currency = service.tariff.currency
    refusal = _refusal(record, service)
    if refusal is not None:
        return _refused(service, refusal)
    if record.refusal is not None:
        return Outcome(service=service.name, currency=currency)
    if record.talk_ms <= 0:
        return Outcome(service=service.name, currency=currency, disposition=record.disposition)
    return _talked(record, service, trunk, money_micros)


def differences(before: Outcome, after: Outcome) -> Iterator[Difference]:
    """In what the outcomes differ."""
    if after.service is None:
        yield Difference.NOT_ROUTED
    elif after.service != before.service:
        yield Difference.OTHER_SERVICE
    if after.service is not None:
        if after.disposition is None:
            yield Difference.LET_IN
        elif after.refusal is not None:
            if after.refusal != before.refusal:
                yield Difference.REFUSED
        elif after.disposition != before.disposition or _is_shorter(before, after):
            yield Difference.ENDS_EARLIER
    if after.might_go_on:
        yield Difference.MIGHT_GO_ON
    if before.rate is not None and after.rate is not None:
        if after.line != before.line:
            yield Difference.PRICE_CLASS
        if after.rate != before.rate:
            yield Difference.RATE
    if (after.charge_micros, after.currency) != (before.charge_micros, before.currency):
        yield Difference.CHARGE


def _is_shorter(before: Outcome, after: Outcome) -> bool:
    """Whether a call that ended as it would have did so earlier, by what is charged."""
    return after.cut_short and after.charged_s < before.charged_s


def _refusal(record: CallRecord, service: Service) -> Refusal | None:
    """Why the call is refused, asked in the order of `premium.arrival`."""
    was_blocked = record.refusal is Refusal.CALLER_BLOCKED
    number_let_go = record.e164 is None
    if is_blocked(record.e164, service.blocked) or (was_blocked and number_let_go):
        return Refusal.CALLER_BLOCKED
    closed = closed_because(service.hours, record.arrived_ms)
    if closed is not None:
        return closed
    unknown = record.refusal is Refusal.NOT_IDENTIFIED or not service.pin_entry
    if unknown and not record.verified:
        return Refusal.NOT_IDENTIFIED
    by_staff = was_blocked and record.account_id is not None
    return record.refusal if by_staff or record.refusal in _KEPT else None


def _refused(service: Service, refusal: Refusal) -> Outcome:
    return Outcome(
        service=service.name,
        currency=service.tariff.currency,
        disposition=Disposition.REFUSED,
        refusal=refusal,
    )


def _talked(
    record: CallRecord, service: Service, trunk: Trunk, money_micros: int | None
) -> Outcome:
    """The conversation at the draft's price, cut where the draft would have cut it."""
    tariff = service.tariff
    line = _line(record, service, trunk)
    rate = rate_for(tariff, line, record.first_call)
    talk_ms = _talk_ms(record, service)
    begun_n = increments_begun(rate, elapsed_ms(tariff.billing_start, record.wait_ms, talk_ms))
    allowed_n = min(begun_n, max_increments(rate))
    money_micros = _money_micros(record, service, money_micros)
    payable_n = _payable_n(rate, max(1, allowed_n), money_micros)
    if payable_n == 0:
        return _refused(service, Refusal.BALANCE_TOO_LOW)
    paid_n = min(allowed_n, payable_n)
    is_whole = talk_ms == record.talk_ms
    disposition = record.disposition
    if paid_n < allowed_n:
        disposition = Disposition.MONEY_ENDED
    elif allowed_n < begun_n or not is_whole:
        disposition = Disposition.LIMIT_REACHED
    return Outcome(
        service=service.name,
        currency=tariff.currency,
        line=line,
        rate=rate,
        charged_s=seconds_of(rate, paid_n),
        charge_micros=charge(rate, paid_n),
        disposition=disposition,
        cut_short=paid_n < begun_n or not is_whole,
        might_go_on=is_whole and _would_last(record, rate, begun_n, money_micros),
    )


def _line(record: CallRecord, service: Service, trunk: Trunk) -> Line:
    """As `premium.rules.judge` has it; as it was, if the number was let go."""
    if not record.verified or record.line is None:
        return Line.OTHER
    if record.e164 is None:
        return Line(record.line)
    return price_class(_number(record.e164, trunk.region), service)


@lru_cache(_NUMBERS_KEPT)
def _number(e164: str, region: str) -> NumberInfo:
    return normalise(e164, NumberFormat.E164_PLUS, region)


def _talk_ms(record: CallRecord, service: Service) -> int:
    """The conversation, no longer than the forced end lets it last."""
    if service.forced_end_min is None or record.answered_ms is None or record.joined_ms is None:
        return record.talk_ms
    end_ms = record.answered_ms + service.forced_end_min * 60_000
    most_ms = max(0, end_ms - record.joined_ms)
    return most_ms if record.talk_ms > most_ms + CUT_LATE_MS else record.talk_ms


def _money_micros(record: CallRecord, service: Service, money_micros: int | None) -> int | None:
    """What the service's account had for the call at most; None where nobody knows.

    Of the service's profile and currency: what the caller has elsewhere does not pay it. A call
    that its money ended had less than another increment had cost.
    """
    if service.tariff.currency != record.currency:
        return None
    known = money_micros if service.profile == record.profile else None
    start, told = record.billing_start, record.rate
    if record.disposition is not Disposition.MONEY_ENDED or start is None or told is None:
        return known
    n = increments_begun(told, elapsed_ms(start, record.wait_ms, record.talk_ms))
    most_micros = max(charge(told, n), charge(told, n + 1) - 1)
    return most_micros if known is None else min(known, most_micros)


def _payable_n(rate: Rate, wanted_n: int, money_micros: int | None) -> int:
    """How many of the increments wanted are paid for: all, if nobody knows of too little money."""
    if money_micros is None or charge(rate, wanted_n) <= money_micros:
        return wanted_n
    return affordable_increments(rate, money_micros)


def _would_last(record: CallRecord, rate: Rate, begun_n: int, money_micros: int | None) -> bool:
    """Whether the money that ended the call would have paid for more of it."""
    if record.disposition is not Disposition.MONEY_ENDED or money_micros is None:
        return False
    return affordable_increments(rate, money_micros) > begun_n
