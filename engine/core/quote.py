"""Rates a call that is not made: one JSON object in, one out, by the core that rates live calls.

In: `tariff`, `line`, `first_call`, `wait_seconds` (end of the tariff announcement to the joining
of both sides), `talk_seconds`, `balance`. Out: `charged_seconds` after the increments, `charge`
with exactly the tariff's decimals, `affordable_seconds` counted from the start of charging. Money
is a decimal string, times are numbers, both exact. Only the form is checked: no legal guard, and
neither balance nor maximum caps `charge` or `charged_seconds`.

`tariff.other` may be left out and is then the dearer of landline and mobile; every other field
must be there, and none beside them. An offer for the whole call is written with as many minutes
as the call may last. The first fault is named by its dotted path, in the order of the contract.
"""

import re
from fractions import Fraction

from engine.core.form import Form
from engine.core.money import DECIMALS, Rounding, RoundingMode, format_micros
from engine.core.rating import (
    BillingStart,
    Increment,
    StartsFrom,
    affordable_seconds,
    charge,
    elapsed_ms,
    increments_begun,
    seconds_of,
)
from engine.core.tariff import FirstCall, Line, Tariff, rate_for
from engine.errors import CallerError

MAX_SECONDS = 1_000_000_000
"""The longest wait or talk that can be asked about (31 years)."""

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_INCREMENT = re.compile(r"([0-9]{1,5})/([0-9]{1,5})", re.ASCII)

Answer = dict[str, str | int]


def quote(form: Form) -> Answer:
    """Charge and reach of the call a form describes. Raises `CallerError` at the first fault."""
    tariff = read_tariff(form.form("tariff"))
    line = form.choice("line", Line)
    first_call = form.flag("first_call")
    wait_ms = _read_ms(form, "wait_seconds")
    talk_ms = _read_ms(form, "talk_seconds")
    balance_micros = form.micros("balance", minimum=None)
    form.close()
    rate = rate_for(tariff, line, first_call)
    n = increments_begun(rate, elapsed_ms(tariff.billing_start, wait_ms, talk_ms))
    return {
        "charged_seconds": seconds_of(rate, n),
        "charge": format_micros(charge(rate, n), rate.rounding.digits),
        "affordable_seconds": affordable_seconds(rate, balance_micros),
    }


def read_tariff(form: Form) -> Tariff:
    """The tariff a form holds. Raises `CallerError` at the first fault."""
    currency = form.text("currency")
    if not _CURRENCY.fullmatch(currency):
        raise CallerError('must be three capital letters such as "EUR"', form.path("currency"))
    landline_micros = form.micros("landline")
    mobile_micros = form.micros("mobile")
    dearer_micros = max(landline_micros, mobile_micros)
    tariff = Tariff(
        currency=currency,
        landline_micros=landline_micros,
        mobile_micros=mobile_micros,
        other_micros=form.micros("other") if form.has("other") else dearer_micros,
        increment=_read_increment(form),
        billing_start=_read_billing_start(form.form("billing_starts")),
        connect_fee_micros=form.micros("connect_fee"),
        first_call=None if form.is_null("first_call") else _read_offer(form.form("first_call")),
        max_call_minutes=form.whole("max_call_minutes", minimum=1),
        rounding=_read_rounding(form.form("rounding")),
    )
    form.close()
    return tariff


def _read_increment(form: Form) -> Increment:
    match = _INCREMENT.fullmatch(form.text("increment"))
    first_s, next_s = (int(match[1]), int(match[2])) if match else (0, 0)
    if first_s < 1 or next_s < 1:
        rule = 'must be first/next in whole seconds from 1, such as "60/60"'
        raise CallerError(rule, form.path("increment"))
    return Increment(first_s, next_s)


def _read_billing_start(form: Form) -> BillingStart:
    origin = form.choice("from", StartsFrom)
    start = BillingStart(origin, form.whole("after_seconds", minimum=0))
    form.close()
    return start


def _read_offer(form: Form) -> FirstCall:
    offer = FirstCall(form.micros("price"), form.whole("minutes", minimum=1))
    form.close()
    return offer


def _read_rounding(form: Form) -> Rounding:
    digits = form.whole("digits", minimum=0, maximum=DECIMALS)
    rounding = Rounding(digits, form.choice("mode", RoundingMode))
    form.close()
    return rounding


def _read_ms(form: Form, key: str) -> Fraction:
    return Fraction(form.number(key, minimum=0, maximum=MAX_SECONDS)) * 1000
