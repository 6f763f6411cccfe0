"""What goes over the wire of collectors; a secret is taken, and never told."""

from pydantic import BaseModel, ConfigDict, Field

from engine.core.analytics.collector import Program
from engine.web.api.models import Form, Id, Number, Time


class NewCollector(Form):
    """A property of Google Analytics 4, or a site of a Matomo, that is told of tracking calls."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"program": "ga4", "place": "G-AB12CD34EF", "secret": "kUqy3T0aRSmzXAAAZ1TBcg"}
            ]
        }
    )

    # JSON knows no members of an enumeration.
    program: Program = Field(strict=False)
    place: str = Field(max_length=200, description="`G-…`, or the number of the site.")
    url: str = Field(
        "", max_length=1000, description="Where the Matomo is; empty for Google Analytics."
    )
    number: Number | None = Field(None, description="Calls to this number alone; null: to all.")
    secret: str = Field(
        "",
        max_length=200,
        description="The API secret, or the `token_auth`, which may be empty. Told to nobody.",
    )


class CollectorSheet(BaseModel):
    """A collector as it was set up."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collector_id": "9f1c3a5be0d24c7f8a6b1d2e",
                    "program": "ga4",
                    "place": "G-AB12CD34EF",
                    "url": "",
                    "number": None,
                }
            ]
        }
    )

    collector_id: Id
    program: Program
    place: str
    url: str
    number: str | None


class CollectorStanding(BaseModel):
    """A collector, and how telling it goes: hits that wait, were taken, were given up."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collector": {
                        "collector_id": "9f1c3a5be0d24c7f8a6b1d2e",
                        "program": "ga4",
                        "place": "G-AB12CD34EF",
                        "url": "",
                        "number": None,
                    },
                    "waiting": 0,
                    "sent": 12,
                    "given_up": 0,
                    "problem": "",
                    "problem_at": None,
                    "ended_at": None,
                }
            ]
        }
    )

    collector: CollectorSheet
    waiting: int
    sent: int
    given_up: int
    problem: str = Field(description="What went wrong at last; empty if nothing did since.")
    problem_at: Time | None
    ended_at: Time | None = Field(
        description="Since when it is told of no new call: its number has left without a successor."
    )


class CollectorList(BaseModel):
    """The organisation's collectors, in the order in which they were added."""

    collectors: list[CollectorStanding]
