"""What goes over the wire of probes."""

from pydantic import BaseModel, ConfigDict, Field

from engine.core.probe import Result, Standing
from engine.web.api.dids import NUMBER
from engine.web.api.models import Form, Number, Page, Time


class ProbesQuery(Page):
    """Which numbers."""

    after: Number | None = Field(None, description="The `next` of the page before.")


class NumberQuery(Form):
    """How many probes."""

    limit: int = Field(50, ge=1, le=200, description="At most so many.")


class NumberStanding(BaseModel):
    """How a number stands; what is null is not known yet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": NUMBER,
                    "standing": "alive",
                    "failing_since": None,
                    "reached": "2026-12-01T08:00:00.000Z",
                    "probed": "2026-12-01T08:00:00.000Z",
                    "result": "arrived",
                }
            ]
        }
    )

    number: str
    standing: Standing
    failing_since: Time | None = Field(
        description="Since when probes have failed; null: they do not."
    )
    reached: Time | None = Field(description="When a probe arrived last.")
    probed: Time | None = Field(description="When it was probed last.")
    result: Result | None = Field(description="What came of that.")


class Standings(BaseModel):
    """A page of numbers that are probed, by number."""

    numbers: list[NumberStanding]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")


class ProbeSheet(BaseModel):
    """One probe."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"at": "2026-12-01T08:00:00.000Z", "result": "arrived", "delay_ms": 812}]
        }
    )

    at: Time
    result: Result
    delay_ms: int | None = Field(description="How long it took to arrive; null if it did not.")


class NumberProbes(BaseModel):
    """A number's probes for the organisation, newest first."""

    probes: list[ProbeSheet]
