"""Calendar months and days in local time: which milliseconds belong to them."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import CallerError

HOME_TIMEZONE = "Europe/Berlin"

MONTHS_LISTED = 12

_MONTH = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Days:
    """One day of a time zone, or several, as a half-open interval of milliseconds."""

    name: str
    zone: ZoneInfo
    from_ms: int
    to_ms: int

    @property
    def first(self) -> datetime:
        """When it begins."""
        return datetime.fromtimestamp(self.from_ms // 1000, self.zone)

    @property
    def end(self) -> datetime:
        """When it is over."""
        return datetime.fromtimestamp(self.to_ms // 1000, self.zone)


@dataclass(frozen=True, slots=True)
class Month(Days):
    """A calendar month."""


def month_of(name: str, timezone: str) -> Month:
    """The month `2026-11` names. `CallerError` for what is none, or for an unknown time zone."""
    match = _MONTH.fullmatch(name)
    if match is None:
        raise CallerError("must be a month such as 2026-11", "month")
    zone = _zone(timezone)
    year, month = int(match[1]), int(match[2])
    begin = datetime(year, month, 1, tzinfo=zone)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    return Month(name, zone, _ms(begin), _ms(end))


def month_before(now_ms: int, timezone: str) -> Month:
    """The last month that is over."""
    now = datetime.fromtimestamp(now_ms // 1000, ZoneInfo(timezone))
    last_day = now.date().replace(day=1) - timedelta(days=1)
    return month_of(f"{last_day:%Y-%m}", timezone)


def months_listed(now_ms: int) -> list[Month]:
    """This month at home and those before it, newest first: those that papers are offered of."""
    now = datetime.fromtimestamp(now_ms // 1000, ZoneInfo(HOME_TIMEZONE))
    months = [month_of(f"{now:%Y-%m}", HOME_TIMEZONE)]
    while len(months) < MONTHS_LISTED:
        months.append(month_before(months[-1].from_ms, HOME_TIMEZONE))
    return months


def day_of(name: str, timezone: str) -> Days:
    """The day `2026-11-21` names; `CallerError` as `month_of`."""
    try:
        if _DAY.fullmatch(name) is None:
            raise ValueError(name)
        day = date.fromisoformat(name)
    except ValueError as error:
        raise CallerError("must be a day such as 2026-11-21", "day") from error
    zone = _zone(timezone)
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    return Days(name, zone, _ms(begin), _ms(begin + timedelta(days=1)))


def day_before(now_ms: int, timezone: str) -> Days:
    """Yesterday."""
    today = datetime.fromtimestamp(now_ms // 1000, _zone(timezone)).date()
    return day_of((today - timedelta(days=1)).isoformat(), timezone)


def month_or_day(month: str | None, day: str | None, now_ms: int, timezone: str) -> Days:
    """The month that is named, else the day, else yesterday; `CallerError` as theirs."""
    if month is not None:
        return month_of(month, timezone)
    return day_before(now_ms, timezone) if day is None else day_of(day, timezone)


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CallerError(f"{timezone!r} is no time zone", "timezone") from error


def _ms(instant: datetime) -> int:
    return round(instant.timestamp()) * 1000
