"""What goes over the wire of tracking calls. Days are local ones of the organisation."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from engine.core.instant import YEARS, YEARS_RULE
from engine.core.tracked import CALLERS_FLOOR, CALLERS_LEAST_MOST, MAILS_MOST, Outcome
from engine.flows.tracked.report import Against
from engine.ports.reading.sums import Bucket
from engine.web.api.models import Form, Number, Page, Time

SourceName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Place = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}-[0-9A-Za-z._-]{1,100}$")]

_ROW: dict[str, Any] = {
    "source": "website",
    "bucket": "",
    "calls": 120,
    "answered": 96,
    "missed": 24,
    "abandoned": 15,
    "busy": 6,
    "failed": 3,
    "ring_mean_ms": 9_400,
    "ring_median_s": 8,
    "talk_ms": 17_280_000,
    "talk_mean_ms": 180_000,
    "talk_median_s": 141,
    "firsts": 88,
    "repeats": 30,
    "share": 600,
    "calls_before": 100,
    "change": 200,
}
_ORIGIN: dict[str, Any] = {
    "source": "website",
    "country": "DE",
    "area": "30",
    "line": "landline",
    "calls": 41,
    "firsts": 33,
}
_CALL: dict[str, Any] = {
    "call_id": "1795300000.12",
    "number": "+493023125001",
    "source": "website",
    "arrived": "2026-11-03T16:17:30.000Z",
    "outcome": "abandoned",
    "ring_ms": 20_000,
    "talk_ms": 0,
    "target": 0,
}
_TERMS: dict[str, Any] = {
    "callers_least": 5,
    "key_months": 1,
    "mails": ["sales@example.org"],
    "lang": "de",
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


def _check_day(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError(YEARS_RULE)
    return day


Day = Annotated[date, AfterValidator(_check_day)]
"""A day from which others are reckoned."""


class DaysQuery(Form):
    """Which calls; `from` is included, `to` is not."""

    first: Day = Field(alias="from", strict=False, description="The first local day.")
    after: Day = Field(alias="to", strict=False, description="The local day after the last.")
    source: SourceName | None = Field(None, description="The sales channel.")
    number: Number | None = Field(None, description="The number that was called.")


class ReportQuery(DaysQuery):
    """Which report; `from` is included, `to` is not."""

    by: Bucket = Field(Bucket.WHOLE, strict=False, description="What rows are told apart by.")
    against: Against = Field(
        Against.NOTHING, strict=False, description="Which calls it is compared with."
    )


class CallsQuery(DaysQuery, Page):
    """Which calls; `from` is included, `to` is not."""

    after_place: Place | None = Field(
        None, alias="after", description="The `next` of the page before."
    )


class TrackingRow(BaseModel):
    """The calls of a source ("": of all) in a bucket ("": all the time).

    `firsts` are callers' first calls within a key period. They are told of whole months that are
    over since two days, by source and by month, and null else and of groups too small.
    Medians are of sources and of all, exact up to 31 seconds and from there on within 4 %. Shares
    and changes are thousandths.
    """

    model_config = _example(**_ROW)

    source: str
    bucket: str
    calls: int
    answered: int
    missed: int
    abandoned: int
    busy: int
    failed: int
    ring_mean_ms: int | None
    ring_median_s: int | None
    talk_ms: int
    talk_mean_ms: int | None
    talk_median_s: int | None
    firsts: int | None
    repeats: int | None
    share: int | None
    calls_before: int | None
    change: int | None


class TrackingOrigin(BaseModel):
    """Where callers of a source called from; "" of `area` are its country's smaller ones."""

    model_config = _example(**_ORIGIN)

    source: str
    country: str
    area: str
    line: str
    calls: int
    firsts: int


class TrackingReport(BaseModel):
    """What is known of the calls; `from` is included, `to` is not.

    `origins` is there for whole months of all numbers that are over. It leaves out groups too
    small, and where what is left out would be one together, the smallest of the others.
    """

    model_config = ConfigDict(
        serialize_by_alias=True,
        json_schema_extra={
            "examples": [
                {
                    "organisation": "acme",
                    "from": "2026-11-01",
                    "to": "2026-12-01",
                    "compared_from": "2026-10-01",
                    "compared_to": "2026-11-01",
                    "by": "weekday",
                    "source": None,
                    "number": None,
                    "key_months": 1,
                    "callers_least": 5,
                    "total": {**_ROW, "source": "", "share": 1000},
                    "sources": [_ROW],
                    "rows": [{**_ROW, "bucket": "0", "calls_before": None, "change": None}],
                    "origins": [_ORIGIN],
                }
            ]
        },
    )

    organisation: str
    first: date = Field(alias="from")
    after: date = Field(alias="to")
    compared_from: date | None
    compared_to: date | None
    by: Bucket
    source: str | None
    number: str | None
    key_months: int
    callers_least: int
    total: TrackingRow
    sources: list[TrackingRow]
    rows: list[TrackingRow]
    origins: list[TrackingOrigin] | None


class TrackingCall(BaseModel):
    """A finished call; nothing is known of its caller here."""

    model_config = _example(**_CALL)

    call_id: str
    number: Number
    source: str
    arrived: Time
    outcome: Outcome
    ring_ms: int
    talk_ms: int
    target: int | None


class TrackingCalls(BaseModel):
    """A page of calls, newest first."""

    calls: list[TrackingCall]
    next: Place | None


class TrackingTerms(Form):
    """How calls are counted and told from now on.

    What is told of callers is not told of fewer than `callers_least`; callers are told apart for
    `key_months` at a time. Missed calls are mailed to `mails`.
    """

    model_config = _example(**_TERMS)

    callers_least: int = Field(CALLERS_FLOOR, ge=CALLERS_FLOOR, le=CALLERS_LEAST_MOST)
    key_months: Literal[1, 2, 3, 4, 6, 12] = 1
    mails: list[str] = Field(default_factory=list, max_length=MAILS_MOST)
    lang: Literal["de", "en"] = "de"
