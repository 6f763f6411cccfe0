"""What the report and the list of calls ask alike: which days, which source; and what an origin is
called."""

from collections.abc import Iterable
from datetime import date, timedelta

from engine.core.numbers.number import Area
from engine.core.tracked import Origin, keys_due
from engine.flows.tracked.rules import Days
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import today, wanted_days

DAYS = 30


def days_of(asked: Asked) -> Days:
    """The days that the address asks for; the last `DAYS` if it names none."""
    wanted = wanted_days(asked)
    last = wanted.last or today(asked)
    first = wanted.first or last - timedelta(days=DAYS - 1)
    return Days(min(first, last), last + timedelta(days=1))


def last_of(days: Days) -> date:
    """The last of some days."""
    return days.after - timedelta(days=1)


def choices(asked: Asked, sources: Iterable[str]) -> list[tuple[str, str]]:
    """The sources there are, to choose from, with the one that is chosen."""
    names = {*sources, asked.wanted("source", 200)} - {""}
    return [(name, name) for name in sorted(names)]


def place_name(asked: Asked, origin: Origin) -> str:
    """Where an origin is: country and area code, with the place that names the area."""
    if not origin.area:
        return origin.country
    names = asked.site.numbering.areas.names(Area(origin.country, origin.area))
    return f"{origin.country} {origin.area}" + (f" {names[0]}" if names else "")


def closed_by(asked: Asked) -> date:
    """Of months that ended by this day every call is known: they may be told of with callers."""
    return keys_due(asked.site.clock.now().wall_ms)
