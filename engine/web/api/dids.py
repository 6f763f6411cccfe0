"""What goes over the wire of numbers: the forms of `models` for the routes of `numbers`."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engine.core.numbers.holder import Proof
from engine.core.numbers.number import Purpose, Status
from engine.web.api.models import Amount, AmountIn, Currency, Form, Id, Number, Page, Reason, Time

NUMBER = "+493023125000"
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,199}$")]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class NumbersQuery(Page):
    """Which numbers."""

    after: Number | None = Field(None, description="The `next` of the page before.")
    status: Status | None = Field(None, description="How they stand.")


class SourcesQuery(Page):
    """Which sources."""

    after: Id | None = Field(None, description="The `next` of the page before.")


class NoticesQuery(Page):
    """Which notices."""

    after: int = Field(0, ge=0, lt=2**53, description="The `next` of the page before.")


class NewNumber(Form):
    """An order; which number it gets is the operator's choice, but for an old one."""

    model_config = _example(purpose="tracking", price="4.90", starts_on="2026-12-01")

    # JSON knows no members of an enumeration.
    purpose: Purpose = Field(Purpose.TRACKING, strict=False)
    price: AmountIn = Field(description="A month, as the catalogue shows it.")
    starts_on: date | None = Field(None, description="First day; today if left out.")
    number: Number | None = Field(None, description="One that the organisation had before.")


class Ending(Form):
    """Why a number is given back."""

    model_config = _example(reason="The campaign is over")

    reason: Reason


class Did(BaseModel):
    """One of the organisation's numbers. It is entered in no directory."""

    model_config = _example(
        number=NUMBER,
        country="DE",
        area_code="30",
        status="active",
        purpose="tracking",
        price="4.90",
        currency="EUR",
        starts_on="2026-12-01",
        active_since="2026-12-01",
        last_call_on=None,
        quarantined_until=None,
    )

    number: str
    country: str
    area_code: str = Field(description="Without its 0; empty for toll-free numbers.")
    status: Status
    purpose: Purpose | None
    price: Amount = Field(description="A month.")
    currency: str
    starts_on: date | None
    active_since: date | None
    last_call_on: date | None
    quarantined_until: date | None = Field(description="The last day on which nobody has it.")


class Dids(BaseModel):
    """A page of numbers."""

    numbers: list[Did]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")


class DidEvent(BaseModel):
    """One thing that was done to a number while it was the organisation's."""

    model_config = _example(
        at="2026-12-01T08:00:00.000Z", action="switched_on", status="active", reason="", other=""
    )

    at: Time
    action: str
    status: Status
    reason: str
    other: str = Field(description="The number it replaced, or was replaced by.")


class DidHistory(BaseModel):
    """What was done to a number, newest first."""

    events: list[DidEvent]


class Offered(BaseModel):
    """A line of the catalogue."""

    model_config = _example(country="DE", purpose="tracking", price="4.90", currency="EUR")

    country: str
    purpose: Purpose
    price: Amount = Field(description="A month.")
    currency: Currency


class Catalogue(BaseModel):
    """What numbers cost."""

    offers: list[Offered]


class SeatIn(Form):
    """The organisation's data; giving them confirms them."""

    model_config = _example(
        title="Acme GmbH", street="Weg 1", postal_code="10115", place="Berlin", country="DE"
    )

    title: Line
    street: Line
    postal_code: Line
    place: Line
    country: str = Field(pattern="^[A-Z]{2}$")
    area_code: str = Field(
        "",
        pattern="^[0-9]{0,6}$",
        description="Where no area is named like the place; it has to be proved with the seat.",
    )
    mail: str | None = Field(
        None,
        max_length=254,
        description="Where notices are mailed; empty: nowhere. As it was, if left out.",
    )
    lang: Literal["de", "en"] | None = Field(None, description="In which language they are.")


class Demanded(BaseModel):
    """A proof that was asked for."""

    proof: Proof
    by: date


class HolderData(BaseModel):
    """What is known of the organisation."""

    model_config = _example(
        title="Acme GmbH",
        street="Weg 1",
        postal_code="10115",
        place="Berlin",
        country="DE",
        area_code="30",
        confirmed_on="2026-11-22",
        mail="office@acme.example",
        lang="de",
        demands=[{"proof": "seat", "by": "2026-12-22"}],
        replaced={NUMBER: "+498999998000"},
        waiting=[],
    )

    title: str
    street: str
    postal_code: str
    place: str
    country: str
    area_code: str
    confirmed_on: date
    mail: str = Field(description="Where notices are mailed; empty: nowhere.")
    lang: str = Field(description="In which language they are.")
    demands: list[Demanded]
    replaced: dict[str, str] = Field({}, description="New numbers by the old ones they replaced.")
    waiting: list[str] = Field([], description="Numbers that wait to be replaced.")


class NewSource(Form):
    """A sales channel in which a number is published."""

    model_config = _example(
        number=NUMBER, name="Spring fair", places=["acme.example"], ends_on="2027-05-31"
    )

    number: Number
    name: Line
    places: list[Line] = Field([], max_length=50, description="Where it is published.")
    ends_on: date | None = Field(None, description="Its planned last day.")


class SourceChange(Form):
    """What may be said anew of a source; its name stays, for calls are counted by it."""

    model_config = _example(places=["acme.example", "poster"], ends_on="2027-06-30")

    places: list[Line] = Field(max_length=50, description="Where its number is published.")
    ends_on: date | None = Field(description="Its planned last day; null: none.")


class SourceData(BaseModel):
    """A sales channel."""

    model_config = _example(
        source_id="9f1c3a5be0d24c7f8a6b1d2e3f405162",
        number=NUMBER,
        name="Spring fair",
        places=["acme.example"],
        ends_on="2027-05-31",
        removed_on=None,
    )

    source_id: Id
    number: str
    name: str
    places: list[str]
    ends_on: date | None
    removed_on: date | None = Field(description="When it was confirmed to be out of all offers.")


class SourcePage(BaseModel):
    """A page of sources."""

    sources: list[SourceData]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")


class NoticeData(BaseModel):
    """Something the organisation was told."""

    model_config = _example(
        day="2026-12-01",
        kind="activated",
        number=NUMBER,
        until=None,
        de="Die Rufnummer +49 30 23125000 ist geschaltet.",
        en="The number +49 30 23125000 takes calls.",
    )

    day: date
    kind: str
    number: str | None
    until: date | None
    de: str
    en: str


class NoticePage(BaseModel):
    """A page of notices, oldest first."""

    notices: list[NoticeData]
    next: int | None = Field(description="Give it as `after` for the next page; null at the end.")
