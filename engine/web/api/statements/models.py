"""What goes over the wire of statements: the forms of `web.api.models` for the routes beside."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engine.web.api.models import Amount, Currency, Form, Number
from engine.web.api.verifications.models import StatusWord

MonthName = Annotated[str, StringConstraints(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")]
_MONTH = {"month": "2026-11", "closed": False}
_PROFILE = {"name": "acme-eur", "title": "Acme", "currency": "EUR"}
_MERCHANT = {"name": "shop", "title": "Acme Shop", "currency": "EUR"}
_LINE = {
    "item": "top_ups",
    "about": "paypal",
    "count": 12,
    "charged_seconds": None,
    "amount": "240.00",
    "currency": "EUR",
}
_RENTAL = {
    "number": "+493023125700",
    "days": 30,
    "price": "4.90",
    "amount": "4.90",
    "currency": "EUR",
}
_OUTCOME = {
    "status": "verified",
    "reason": "",
    "count": 120,
    "price": "0.19",
    "amount": "22.80",
    "currency": "EUR",
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class MonthQuery(Form):
    """Which month."""

    month: MonthName = Field(description="Such as 2026-11, as the clocks in Berlin show it.")


class PaperQuery(MonthQuery):
    """Which month, for people to read."""

    lang: Literal["de", "en"] = Field("de", description="The document's language.")


class ListedMonth(BaseModel):
    """A month; it may still change until it is closed."""

    model_config = _example(**_MONTH)

    month: MonthName
    closed: bool


class Party(BaseModel):
    """A billing profile or a merchant."""

    model_config = _example(**_PROFILE)

    name: str
    title: str
    currency: Currency


class ListedStatements(BaseModel):
    """Of what there are statements, and of which months; any older month can be asked for too."""

    model_config = _example(profiles=[_PROFILE], merchants=[_MERCHANT], months=[_MONTH])

    profiles: list[Party]
    merchants: list[Party]
    months: list[ListedMonth] = Field(description="Newest first, the one that runs included.")


class StatementLine(BaseModel):
    """A balance, what moved it, what fitted no customer's order, or one of the operator's fees."""

    model_config = _example(**_LINE)

    item: str = Field(description="`opening_balance`, `calls`, `fee_per_call` and so on.")
    about: str = Field(description="A provider, a service or a reason.")
    count: int | None
    charged_seconds: int | None = Field(description="Of calls alone.")
    amount: Amount = Field(description="What the customers have more by it, or less.")
    currency: Currency


class ProfileStatement(BaseModel):
    """A billing profile's month: the opening balance and what moved it sum to the closing one."""

    model_config = _example(
        profile="acme-eur",
        owner="Acme GmbH",
        currency="EUR",
        month="2026-11",
        timezone="Europe/Berlin",
        closed=True,
        lines=[_LINE],
    )

    profile: str
    owner: str
    currency: Currency
    month: MonthName
    timezone: str
    closed: bool = Field(description="False while the month is not over.")
    lines: list[StatementLine]


class StatementOutcome(BaseModel):
    """How verifications ended, how many, and what they cost."""

    model_config = _example(**_OUTCOME)

    status: StatusWord
    reason: str
    count: int
    price: Amount
    amount: Amount
    currency: Currency


class MerchantStatement(BaseModel):
    """A merchant's month: what is listed is what was booked."""

    model_config = _example(
        merchant="shop",
        owner="Acme GmbH",
        currency="EUR",
        month="2026-11",
        timezone="Europe/Berlin",
        closed=True,
        total="22.80",
        lines=[_OUTCOME],
    )

    merchant: str
    owner: str
    currency: Currency
    month: MonthName
    timezone: str
    closed: bool = Field(description="False while the month is not over.")
    total: Amount
    lines: list[StatementOutcome]


class RentedNumber(BaseModel):
    """What a number cost, by the days at whose end it took calls."""

    model_config = _example(**_RENTAL)

    number: Number
    days: int
    price: Amount = Field(description="A month.")
    amount: Amount
    currency: Currency


class NumbersStatement(BaseModel):
    """The month of the organisation's numbers."""

    model_config = _example(month="2026-11", timezone="Europe/Berlin", booked=True, lines=[_RENTAL])

    month: MonthName
    timezone: str
    booked: bool = Field(description="False while it is preliminary: reckoned to the month's end.")
    lines: list[RentedNumber]
