"""Payment providers in the operator's files, against those that there are."""

from engine.flows.config import Problems, parse
from engine.payments.registry import option_forms

FILE = """
organisations:
  acme: {title: Acme}
profiles:
  acme:
    currency: EUR
    providers:
"""


def told(providers: str) -> list[tuple[str, str, int, str]]:
    """What is wrong: rule, field, line and suggestion of each mistake."""
    source = (FILE + providers).encode()
    outcome = parse({"a.yaml": source}, forms=option_forms())
    problems = outcome if isinstance(outcome, Problems) else ()
    return [(p.rule, p.field, p.line, p.suggestion) for p in problems]


def test_what_is_right_is_taken() -> None:
    assert told("      stripe: {api_key: secret:k, webhook_secret: secret:w}\n") == []
    assert told("      manual: {holder: Acme GmbH, iban: DE02120300000000202051}\n") == []


def test_an_unknown_provider_is_placed() -> None:
    ((rule, field, line, suggestion),) = told("      stripes: {api_key: k}\n")
    assert (rule, field, line, suggestion) == (
        "unknown_provider", "profiles.acme.providers.stripes", 8, "stripe",
    )  # fmt: skip


def test_unknown_and_missing_options_are_placed() -> None:
    found = told("      stripe:\n        api_keys: k\n        webhook_secret: secret:w\n")
    assert found == [
        ("missing_key", "profiles.acme.providers.stripe.api_key", 8, ""),
        ("unknown_key", "profiles.acme.providers.stripe.api_keys", 9, "api_key"),
    ]


def test_a_secret_is_named_and_never_written_there() -> None:
    """Versions keep these files for good, and comparisons show them."""
    found = told("      stripe:\n        api_key: sk_live_1\n        webhook_secret: secret:w\n")
    assert found == [
        ("plain_secret", "profiles.acme.providers.stripe.api_key", 9, "secret:stripe-api-key")
    ]


def test_without_knowing_the_providers_only_form_is_checked() -> None:
    source = (FILE + "      any: {thing: x}\n").encode()
    assert not isinstance(parse({"a.yaml": source}), Problems)
