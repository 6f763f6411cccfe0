"""Why a payment waits, in German: every sentence that the rules of payments say."""

import ast
import inspect

import pytest

from engine.core import payment
from engine.flows.payments.words import misfit_in


@pytest.mark.parametrize(
    ("reason", "german"),
    [
        (
            "the amount is 20.01 EUR, not 20.00; order o2 of account a1",
            "der Betrag ist 20.01 EUR, nicht 20.00; Bestellung o2 des Kontos a1",
        ),
        (
            "no order has this id; order pay-7",
            "keine Bestellung hat diese Nummer; Bestellung pay-7",
        ),
        (
            "no currency is named; order unknown",
            "es ist keine Währung genannt; Bestellung unbekannt",
        ),
        ("as somebody wrote it", "as somebody wrote it"),
    ],
)
def test_a_reason_is_said_in_german(reason: str, german: str) -> None:
    assert misfit_in("de", reason) == german
    assert misfit_in("en", reason) == reason


def test_every_misfit_has_german_words() -> None:
    tree = ast.parse(inspect.getsource(payment))
    rules = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in ("_misfit", "_amount_misfit")
    ]
    said = [
        _spoken(node.value)
        for rule in rules
        for node in ast.walk(rule)
        if isinstance(node, ast.Return)
    ]
    said = [text for text in said if text]
    assert len(said) == 8
    for text in said:
        assert misfit_in("de", text) != text, text


def _spoken(value: ast.expr | None) -> str:
    """A sentence of the rules, with X for what is filled in."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "X" for part in value.values
        )
    return ""
