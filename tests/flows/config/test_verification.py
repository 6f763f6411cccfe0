"""The merchants in the operator's files."""

from dataclasses import MISSING, fields

import pytest

from engine.core.inventory import Inventory, Merchant
from engine.core.rating import charge
from engine.core.verification import Mode
from engine.flows.config import NO_STOCK, Problems, parse

BASE = """
organisations: {acme: {title: Acme}}
trunks:
  carrier: {host: 192.0.2.1, number_format: e164_plus, caller_id: 030 23125 000,
    caller_id_right: the carrier's letter}
  silent: {host: 192.0.2.2, number_format: e164_plus}
verification:
  shop:
"""


def read(keys: str) -> Inventory | Problems:
    lines = "".join(f"    {line}\n" for line in keys.split("; "))
    return parse({"all.yaml": (BASE + lines).encode()}, stocked=NO_STOCK)


def test_left_out_keys_have_the_defaults_of_the_inventory() -> None:
    inventory = read("trunk: carrier; currency: EUR; price: 0.15")
    assert isinstance(inventory, Inventory), str(inventory)
    (shop,) = inventory.merchants
    for field in fields(Merchant):
        default = field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        if default is not MISSING:
            assert getattr(shop, field.name) == default, field.name
    assert inventory.merchant("shop") is shop
    assert (shop.organisation, charge(shop.rate, 9)) == ("acme", 150_000)


def test_what_is_written_is_read() -> None:
    inventory = read(
        "trunk: carrier; currency: EUR; price: 0.085; per_minute: 0.06; rounding: {digits: 3}; "
        "modes: [press, keypad]; countries: [DE, AT]; lines: [mobile]; limits: {per_number: 2}"
    )
    assert isinstance(inventory, Inventory), str(inventory)
    (shop,) = inventory.merchants
    assert (shop.modes, shop.countries) == ((Mode.PRESS, Mode.KEYPAD), ("DE", "AT"))
    assert (charge(shop.rate, 1), charge(shop.rate, 2)) == (145_000, 205_000)
    assert shop.limits.per_number == 2


@pytest.mark.parametrize(
    ("keys", "rule", "field"),
    [
        ("trunk: silent; currency: EUR; price: 1", "no_caller_id", "verification.shop.trunk"),
        ("trunk: nobody; currency: EUR; price: 1", "unknown_reference", "verification.shop.trunk"),
        ("trunk: carrier; currency: EUR", "missing_key", "verification.shop.price"),
        (
            "trunk: carrier; currency: EUR; price: 1; lines: [other]",
            "not_a_line",
            "verification.shop.lines",
        ),
        (
            "trunk: carrier; currency: EUR; price: 1; modes: [sms]",
            "not_a_choice",
            "verification.shop.modes.0",
        ),
        (
            "trunk: carrier; currency: EUR; price: 1; limits: {window: 1}",
            "out_of_range",
            "verification.shop.limits.window",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(keys: str, rule: str, field: str) -> None:
    problems = read(keys)
    assert isinstance(problems, Problems)
    assert [(problem.rule, problem.field) for problem in problems] == [(rule, field)]
