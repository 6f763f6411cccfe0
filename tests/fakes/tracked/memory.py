"""Tracking calls and mails in memory; reports are reckoned from the calls themselves."""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median_low

from engine.core.mail import Mail
from engine.core.missed import missed_mails
from engine.core.tracked import (
    CALLERS_FLOOR,
    KEY_BYTES,
    Counts,
    KeyPeriod,
    Measure,
    Origin,
    Place,
    Seen,
    Terms,
    TrackedCall,
    caller_hash,
    counted,
    in_force,
    key_period,
    origin_of,
    place_of,
    seconds_at,
    seconds_of,
    step_of,
    total,
)
from engine.errors import CallerError
from engine.ports.mails import ClaimedMail, MailState, TriedMail
from engine.ports.reading.sums import Bucket
from engine.ports.tracked import (
    DAYS_MOST,
    HOUR_DAYS_MOST,
    ROWS_MOST,
    CallPlace,
    ListedCall,
    MedianLine,
    OriginLine,
    ReportFilter,
    ReportLine,
)
from tests.fakes.analytics.memory import MemoryCollectors

Kept = tuple[TrackedCall, Place, Origin, Seen]


@dataclass
class Waiting:
    """A mail and how it stands."""

    mail: Mail
    next_ms: int | None
    state: MailState = MailState.PENDING
    tries: int = 0


@dataclass
class MemoryMails:
    """`ports.mails.Mails` in memory; `queue` is what the ledger does in its own transactions."""

    held: dict[str, Waiting] = field(default_factory=dict)

    async def queue(self, mail: Mail, at_ms: int) -> None:
        self.held.setdefault(mail.key, Waiting(mail, at_ms))

    async def claim(self, now_ms: int, lease_ms: int, most: int) -> Sequence[ClaimedMail]:
        due = sorted(
            (one.next_ms, one.mail.key)
            for one in self.held.values()
            if one.next_ms is not None and one.next_ms <= now_ms
        )
        claimed = []
        for _, key in due[:most]:
            one = self.held[key]
            one.tries += 1
            one.next_ms = now_ms + lease_ms
            claimed.append(ClaimedMail(one.mail, one.tries))
        return claimed

    async def finish(self, tried: TriedMail) -> bool:
        one = self.held[tried.key]
        if one.tries != tried.number or one.state is not MailState.PENDING:
            return False
        one.state, one.next_ms = tried.state, tried.next_ms
        return True


@dataclass
class MemoryTracked:
    """`ports.tracked.Tracked` in memory."""

    mails: MemoryMails = field(default_factory=MemoryMails)
    collectors: MemoryCollectors = field(default_factory=MemoryCollectors)
    calls: dict[str, Kept] = field(default_factory=dict)
    keys: dict[tuple[str, KeyPeriod], bytes | None] = field(default_factory=dict)
    callers: set[tuple[str, KeyPeriod, bytes]] = field(default_factory=set)
    said: dict[str, Terms] = field(default_factory=dict)
    callers_floor: int = CALLERS_FLOOR
    unknown_times: set[str] = field(default_factory=set)
    """Calls from before times were kept."""

    async def keep(self, call: TrackedCall, caller: str | None) -> None:
        if call.call_id in self.calls:
            return
        own, place = await self.terms(call.organisation), place_of(call)
        seen = Seen.UNKNOWN
        if caller is not None:
            period = self._period(call.organisation, place.day, own.key_months)
            seen = self._seen(call.organisation, period, caller)
        self.calls[call.call_id] = call, place, origin_of(caller), seen
        await self.collectors.queue(call)
        for mail in missed_mails(call, own):
            await self.mails.queue(mail, call.ended_ms)

    def _period(self, organisation: str, day: date, months: int) -> KeyPeriod:
        running = [
            period
            for whose, period in self.keys
            if whose == organisation and period.first <= day < period.after
        ]
        return min(running, key=lambda one: one.after, default=key_period(day, months))

    def _seen(self, organisation: str, period: KeyPeriod, caller: str) -> Seen:
        key = self.keys.setdefault((organisation, period), secrets.token_bytes(KEY_BYTES))
        if key is None:
            return Seen.UNKNOWN
        known = organisation, period, caller_hash(key, caller)
        if known in self.callers:
            return Seen.REPEAT
        self.callers.add(known)
        return Seen.FIRST

    async def report(self, wanted: ReportFilter) -> Sequence[ReportLine]:
        _check(wanted)
        found: defaultdict[tuple[str, str, str], list[Counts]] = defaultdict(list)
        for call, place, _, seen in self._wanted(wanted):
            bucket = _bucket(place, wanted.bucket)
            found[call.source, call.number, bucket].append(counted(call, seen))
        return [ReportLine(*key, total(counts)) for key, counts in sorted(found.items())]

    async def medians(self, wanted: ReportFilter) -> Sequence[MedianLine]:
        _check(wanted)
        found: defaultdict[tuple[Measure, str | None], list[int]] = defaultdict(list)
        for call, *_ in self._wanted(wanted):
            times = {} if call.call_id in self.unknown_times else seconds_of(call)
            for measure, seconds in times.items():
                for source in (None, call.source):
                    found[measure, source].append(seconds)
        return [
            MedianLine(measure, source, len(times), seconds_at(step_of(median_low(times))))
            for (measure, source), times in sorted(found.items(), key=_all_first)
        ]

    async def origins(self, wanted: ReportFilter) -> Sequence[OriginLine]:
        _check(wanted)
        if wanted.first.day != 1 or wanted.after.day != 1:
            raise CallerError("must be whole months", "from")
        found: defaultdict[tuple[date, str, str, str, str], list[Seen]] = defaultdict(list)
        for call, place, origin, seen in self._wanted(wanted):
            month = place.day.replace(day=1)
            found[month, call.source, origin.country, origin.area, origin.line].append(seen)
        return [
            OriginLine(month, source, Origin(*origin), len(seen), seen.count(Seen.FIRST))
            for (month, source, *origin), seen in sorted(found.items())
        ]

    async def rows(
        self, wanted: ReportFilter, before: CallPlace | None = None, most: int = ROWS_MOST
    ) -> Sequence[ListedCall]:
        _check(wanted)
        newest = sorted(
            (ListedCall(call, origin) for call, _, origin, _ in self._wanted(wanted)),
            key=_order,
            reverse=True,
        )
        if before is not None:
            last = before.arrived_ms, before.call_id
            newest = [one for one in newest if _order(one) < last]
        return newest[:most]

    def _wanted(self, wanted: ReportFilter) -> Iterator[Kept]:
        for kept in self.calls.values():
            call, place, *_ = kept
            if (
                call.organisation == wanted.organisation
                and wanted.first <= place.day < wanted.after
                and wanted.source in (None, call.source)
                and wanted.number in (None, call.number)
            ):
                yield kept

    async def destroy_keys(self, until: date) -> int:
        due = {at for at, key in self.keys.items() if at[1].after <= until and key is not None}
        self.callers = {known for known in self.callers if known[:2] not in due}
        self.keys |= dict.fromkeys(due)
        return len(due)

    async def terms(self, organisation: str) -> Terms:
        said = self.said.get(organisation, Terms(organisation=organisation))
        return in_force(said, self.callers_floor)

    async def set_terms(self, terms: Terms) -> None:
        self.said[terms.organisation] = terms


def _all_first(found: tuple[tuple[Measure, str | None], object]) -> tuple[str, bool, str]:
    measure, source = found[0]
    return measure, source is not None, source or ""


def _order(listed: ListedCall) -> tuple[int, str]:
    return listed.call.arrived_ms, listed.call.call_id


def _check(wanted: ReportFilter) -> None:
    most = HOUR_DAYS_MOST if wanted.bucket is Bucket.HOUR else DAYS_MOST
    if not timedelta() < wanted.after - wanted.first <= timedelta(days=most):
        raise CallerError("must be after the start, and not too long", "to")


def _bucket(place: Place, bucket: Bucket) -> str:
    match bucket:
        case Bucket.WHOLE:
            return ""
        case Bucket.HOUR:
            return f"{place.hour:02}"
        case Bucket.WEEKDAY:
            return str(place.day.weekday())
        case Bucket.DAY:
            return place.day.isoformat()
    return f"{place.day:%Y-%m}"
