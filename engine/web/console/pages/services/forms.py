"""The fields of a service and of a tariff, as they stand in the operator's files."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from engine.core.inventory import OnAgentLost, Service
from engine.core.money import RoundingMode
from engine.core.rating import StartsFrom
from engine.flows.versions.editing import entry
from engine.web.console.asked import Asked
from engine.web.console.pages.configuration.editing import Editing, Field, Form, Kind

SERVICES = "/console/services"
FLAGS = ("", "true", "false")


def path_of(asked: Asked) -> str:
    """The page of the service that the address names."""
    return f"{SERVICES}/{asked.found(Service).name}"


def _service_name(asked: Asked, _files: Mapping[str, str]) -> str:
    return asked.found(Service).name


def tariff_name(asked: Asked, files: Mapping[str, str]) -> str:
    """The name of the service's tariff in the operator's files."""
    written = entry(files, "services", asked.found(Service).name)
    if written is None or not isinstance(written.get("tariff"), str):
        raise web.HTTPNotFound
    return str(written["tariff"])


def _names(asked: Asked) -> Mapping[str, Sequence[str]]:
    """The hunt groups and billing profiles of the service's organisation."""
    inventory, mine = asked.site.inventory(), asked.found(Service).organisation
    return {
        "group": [one.name for one in inventory.groups if one.organisation == mine],
        "profile": [one.name for one in inventory.profiles if one.organisation == mine],
    }


def _sharing(asked: Asked, files: Mapping[str, str]) -> Sequence[str]:
    """The other services of which the tariff is, too."""
    mine, name = asked.found(Service), tariff_name(asked, files)
    others = (s for s in asked.site.inventory().services if s.name != mine.name)
    ours = (s for s in others if s.organisation == mine.organisation)
    return [s.title or s.name for s in ours if _tariff(files, s.name) == name]


def _tariff(files: Mapping[str, str], service: str) -> object:
    written = entry(files, "services", service)
    return written.get("tariff") if written is not None else None


PRICE = Editing(
    Form(
        section="tariffs",
        template="services/price.html",
        name=tariff_name,
        path=path_of,
        more=_sharing,
        groups={
            "prices": (
                Field("landline", Kind.MONEY),
                Field("mobile", Kind.MONEY),
                Field("other", Kind.MONEY),
                Field("connect_fee", Kind.MONEY),
            ),
            "charging": (
                Field("increment"),
                Field(
                    "billing_starts.from", Kind.CHOICE, tuple(origin.value for origin in StartsFrom)
                ),
                Field("billing_starts.after_seconds"),
                Field("max_call_minutes"),
            ),
            "first_call": (
                Field("first_call.price", Kind.MONEY),
                Field("first_call.minutes"),
                Field("first_call.days"),
            ),
            "rounding": (
                Field("rounding.digits"),
                Field("rounding.mode", Kind.CHOICE, ("", *(mode.value for mode in RoundingMode))),
            ),
        },
    )
)

SERVICE = Editing(
    Form(
        section="services",
        template="services/edit.html",
        name=_service_name,
        path=path_of,
        names=_names,
        groups={
            "line": (
                Field("title"),
                Field("numbers", Kind.LINES),
                Field("lang", Kind.CHOICE, ("", "de", "en")),
            ),
            "hours": (
                Field("hours.open", Kind.OPENING),
                Field("hours.holidays", Kind.LINES),
                Field("hours.timezone"),
            ),
            "callers": (
                Field("blocked", Kind.LINES),
                Field("caller_list"),
            ),
            "money": (
                Field("profile", Kind.NAME),
                Field("thresholds_s", Kind.WORDS),
                Field("free_hold_s"),
                Field("slice_s"),
                Field("forced_end_min"),
                Field("forced_end_warning_s"),
            ),
            "people": (
                Field("group", Kind.NAME),
                Field("expected_wait_min"),
                Field("max_wait_s"),
                Field(
                    "on_agent_lost",
                    Kind.CHOICE,
                    ("", *(choice.value for choice in OnAgentLost)),
                ),
                Field("whisper", Kind.CHOICE, FLAGS),
                Field("pin_entry", Kind.CHOICE, FLAGS),
            ),
        },
    )
)
