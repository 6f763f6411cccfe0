"""What goes over the wire of verifications, as in `engine.web.api.models`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from engine.core.inventory import OnInvalid
from engine.core.verification import CallStep, Failure, Mode, Status
from engine.web.api.models import Amount, Currency, Form, Id, Name, Page, Time

Typed = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$", max_length=200)]
Reference = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{0,200}$", max_length=200)]
Address = Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f:.]{2,45})?$", max_length=45)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9 -]{1,28}[0-9]$", max_length=30)]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,4000}$", max_length=4_000)]

StatusWord = Annotated[
    str, WithJsonSchema({"type": "string", "enum": [status.value for status in Status]})
]
"""Other rooms have a status too: in the document each has its words where it stands."""

_SIGNED = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
_VERIFICATION: dict[str, Any] = {
    "verification_id": "4b0e7c1d9a2f4e538c6d7f8091a2b3c4",
    "merchant": "beispielladen",
    "reference": "order-4711",
    "number": "+493023125001",
    "status": "calling",
    "reason": None,
    "step": "ringing",
    "mode": "speak",
    "lang": "de",
    "code": None,
    "tries_left": 5,
    "calls": 1,
    "calls_left": 2,
    "last_failure": None,
    "did_you_mean": None,
    "created": "2026-11-03T16:20:00.000Z",
    "expires": "2026-11-03T16:30:00.000Z",
    "ended": None,
    "currency": "EUR",
    "charge": "0.00",
    "test": True,
    "token": None,
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class VerificationsQuery(Page):
    """Which verifications."""

    after: Id | None = Field(None, description="The `next` of the page before.")
    merchant: Name | None = Field(None, description="The merchant.")
    reference: Reference | None = Field(None, description="The merchant's own reference.")


class NewVerification(Form):
    """A number to be verified; it is called at once."""

    model_config = _example(
        merchant="beispielladen", to="030 23125 001", reference="order-4711", test=True
    )

    merchant: Name
    to: Typed = Field(description="The number as it was typed; at most 200 characters.")
    # JSON knows no members of an enumeration.
    mode: Mode = Field(Mode.SPEAK, strict=False, description="How it is to be proved.")
    lang: Literal["de", "en"] = "de"
    reference: Reference = Field("", description="Your own, told with every outcome.")
    address: Address = Field("", description="The person's network address, to be counted by.")
    test: bool = Field(False, description="Call nobody and charge nothing: test numbers alone.")


class Checking(Form):
    """A code that was typed into the form."""

    model_config = _example(code="123456")

    code: Code = Field(description="Spaces and hyphens between its digits do not matter.")


class Consuming(Form):
    """A token that a page brought."""

    model_config = _example(token=_SIGNED, reference="order-4711")

    token: Token
    reference: Reference = Field(description="What it must be for.")
    test: bool = Field(False, description="Whether it must be one of the test mode.")


class Verification(BaseModel):
    """A verification, and how its call stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VERIFICATION]})

    verification_id: Id
    merchant: str
    reference: str
    number: str | None = Field(description="E.164; null if what was typed has none.")
    status: StatusWord
    reason: str | None = Field(description="More about failed, rejected and blocked.")
    step: CallStep | None = Field(description="How far its last call has come.")
    mode: Mode
    lang: str
    code: str | None = Field(
        description="What the form shows, to be keyed in; told when read, not when begun."
    )
    tries_left: int
    calls: int
    calls_left: int
    last_failure: Failure | None
    did_you_mean: str | None = Field(description="Told when it was begun, of a wrong number.")
    created: Time
    expires: Time
    ended: Time | None
    currency: Currency
    charge: Amount = Field(description="More than 0 only for a proved number.")
    test: bool
    token: str | None = Field(description="The signed proof, of a proved number (JWT).")


class Verifications(BaseModel):
    """A page of verifications, newest first."""

    verifications: list[Verification]
    next: str | None


class Checked(BaseModel):
    """What a code came to."""

    model_config = _example(
        fits=True, tries_left=0, verification={**_VERIFICATION, "status": "verified"}
    )

    fits: bool
    tries_left: int
    verification: Verification


class VerificationMerchant(BaseModel):
    """Who has numbers verified, with the keys that his pages may hold."""

    model_config = _example(
        name="beispielladen",
        title="Beispielladen",
        sites=["https://www.beispielladen.example"],
        modes=["speak", "keypad"],
        languages=["de", "en"],
        on_invalid="correct",
        live_key="pk_live_beispielladen_0123456789abcdef0123456789abcdef",
        test_key="pk_test_beispielladen_0123456789abcdef0123456789abcdef",
    )

    name: str
    title: str
    sites: list[str] = Field(description="The origins whose pages may show the widget, and ask.")
    modes: list[Mode]
    languages: list[str]
    on_invalid: OnInvalid
    live_key: str = Field(description="Publishable: no secret, of use on its sites alone.")
    test_key: str = Field(description="The same for the test mode.")


class VerificationMerchants(BaseModel):
    """All merchants of the organisation."""

    merchants: list[VerificationMerchant]
