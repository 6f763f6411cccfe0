"""Every payment provider by its name. Adding one is its file and one line here."""

from collections.abc import Mapping
from typing import Protocol

from engine.errors import CallerError
from engine.payments.klarna import Klarna
from engine.payments.manual import Manual
from engine.payments.options import Option
from engine.payments.paypal.provider import PayPal
from engine.payments.paysafecard import Paysafecard
from engine.payments.sofort import Sofort
from engine.payments.stripe import Stripe
from engine.ports.payments import Provider


class ProviderType(Protocol):
    """A provider's class: its name, its options, and how an account with it is opened."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of the class

    @property
    def OPTIONS(self) -> Mapping[str, Option]: ...  # noqa: N802 - a constant of the class

    def __call__(self, options: Mapping[str, str], profile: str) -> Provider: ...


PROVIDERS: Mapping[str, ProviderType] = {
    PayPal.NAME: PayPal,
    Klarna.NAME: Klarna,
    Sofort.NAME: Sofort,
    Paysafecard.NAME: Paysafecard,
    Stripe.NAME: Stripe,
    Manual.NAME: Manual,
}


def option_forms() -> dict[str, Mapping[str, Option]]:
    """By provider: its options."""
    return {name: provider.OPTIONS for name, provider in PROVIDERS.items()}


def open_provider(name: str, options: Mapping[str, str], profile: str) -> Provider:
    """The billing profile's account with a provider; `options` with secrets in plain text.

    Raises `CallerError`: its field is the option's name, or `provider` for one there is not.
    """
    provider = PROVIDERS.get(name)
    if provider is None:
        raise CallerError(f"must be one of {', '.join(PROVIDERS)}", "provider")
    return provider(options, profile)
