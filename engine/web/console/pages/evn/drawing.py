"""A call's timeline as a drawing (SVG): who heard what, what was talked and charged, what moved.

Four lanes over one time axis; the table beside it says the same in words. Plain integers: a
drawing is `WIDTH` wide, and a moment's place is its share of the call's time.
"""

from dataclasses import dataclass

from engine.flows.proof.timeline import Happened, Moment, timeline
from engine.ports.reading.records import CallFile
from engine.web.console.wording import Texts

WIDTH = 1_000
LEFT = 110
LANE = 34
TOP = 24
TICKS = 5
SLICES_MOST = 120
LANES = ("caller", "agent", "talk", "money")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in a lane; `told` is what it says when it is pointed at."""

    x: int
    y: int
    told: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in a lane."""

    x: int
    width: int
    y: int
    told: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the template draws; `ticks` are places on the axis and their times."""

    height: int
    lanes: tuple[tuple[int, str], ...]
    ticks: tuple[tuple[int, str], ...]
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]
    slices: tuple[int, ...]


def draw(file: CallFile, texts: Texts) -> Drawing:
    """The drawing of a call."""
    record = file.record
    moments = timeline(file)
    axis = _Axis(record.arrived_ms, max(record.ended_ms, record.arrived_ms + 1_000))
    bars = []
    if record.joined_ms is not None:
        until_ms = record.joined_ms + record.talk_ms
        bars.append(_bar(axis, record.joined_ms, until_ms, "talk", texts("evn.talked")))
    ticks = tuple((axis.x(at_ms), _clock(at_ms - record.arrived_ms)) for at_ms in axis.even(TICKS))
    return Drawing(
        height=TOP + LANE * len(LANES) + 26,
        lanes=tuple((_y(lane), texts(f"evn.lane_{lane}")) for lane in LANES),
        ticks=ticks,
        marks=tuple(_mark(axis, moment, texts) for moment in moments),
        bars=tuple(bars),
        slices=_slices(axis, file),
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    from_ms: int
    to_ms: int

    def x(self, at_ms: int) -> int:
        at_ms = min(max(at_ms, self.from_ms), self.to_ms)
        span_ms = self.to_ms - self.from_ms
        return LEFT + (WIDTH - LEFT - 20) * (at_ms - self.from_ms) // span_ms

    def even(self, count: int) -> list[int]:
        return [self.from_ms + (self.to_ms - self.from_ms) * n // count for n in range(count + 1)]


def _bar(axis: _Axis, from_ms: int, to_ms: int, lane: str, told: str) -> Bar:
    x = axis.x(from_ms)
    return Bar(x, max(axis.x(to_ms) - x, 2), _y(lane), told)


def _slices(axis: _Axis, file: CallFile) -> tuple[int, ...]:
    """Where each charged increment begins; none where they would be too many to tell apart."""
    record = file.record
    if record.rate is None or record.joined_ms is None or not record.charged_s:
        return ()
    first_s, next_s = record.rate.increment.first_s, record.rate.increment.next_s
    starts_s = [0, *range(first_s, record.charged_s, next_s)]
    if len(starts_s) > SLICES_MOST:
        return ()
    from_ms = record.joined_ms + max(record.talk_ms - record.charged_s * 1000, 0)
    return tuple(axis.x(from_ms + start_s * 1000) for start_s in starts_s)


def _mark(axis: _Axis, moment: Moment, texts: Texts) -> Mark:
    lane = "caller"
    if moment.happened in (Happened.BALANCE, Happened.CHARGED):
        lane = "money"
    elif moment.happened is Happened.HEARD and moment.who != "caller":
        lane = "agent"
    told = texts(f"evn.moment_{moment.happened}")
    detail = moment.detail if moment.happened is Happened.HEARD else ""
    return Mark(axis.x(moment.at_ms), _y(lane), f"{told}: {detail}" if detail else told)


def _y(lane: str) -> int:
    return TOP + LANE * LANES.index(lane) + LANE // 2


def _clock(ms: int) -> str:
    seconds = ms // 1000
    return f"{seconds // 60}:{seconds % 60:02}"
