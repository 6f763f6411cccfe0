"""A call's timeline as a drawing (SVG): who heard what, who talked, what was held, charged, moved.

Six lanes over one time axis; the table beside it says the same in words. Plain integers: a
drawing is `WIDTH` wide, and a moment's place is its share of the call's time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from engine.core.course import Fate
from engine.flows.proof.charged import increments
from engine.flows.proof.timeline import Happened, Moment, talks, timeline
from engine.ports.reading.records import CallFile
from engine.web.console.wording import Texts

WIDTH = 1_000
LEFT = 110
LANE = 34
TOP = 24
TICKS = 5
INCREMENTS_MOST = 120
"""More charged increments than can be told apart are drawn as one stretch."""
LANES = ("caller", "agent", "talk", "held", "charged", "money")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in a lane; `told` is what it says when it is pointed at. A `hollow` one did not come
    about, or nobody saw that it did."""

    x: int
    y: int
    told: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in a lane; `kind` is how it looks: said, cut, talk, gap, held, charged."""

    x: int
    width: int
    y: int
    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the template draws; `ticks` are places on the axis and their times."""

    height: int
    lanes: tuple[tuple[int, str], ...]
    ticks: tuple[tuple[int, str], ...]
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]


def draw(file: CallFile, texts: Texts, said: Callable[[str], str]) -> Drawing:
    """The drawing of a call; `said` gives the words of a prompt."""
    return _Pen(file, texts, said).drawing()


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


class _Pen:
    """Draws one call."""

    def __init__(self, file: CallFile, texts: Texts, said: Callable[[str], str]) -> None:
        self._file = file
        self._texts = texts
        self._said = said
        self._moments = timeline(file)
        record = file.record
        ends = [row.ended_ms for row in record.prompts if row.ended_ms is not None]
        # The last words come after the end of the conversation.
        to_ms = max(record.ended_ms, record.arrived_ms + 1_000, *ends)
        self._axis = _Axis(record.arrived_ms, to_ms)

    def drawing(self) -> Drawing:
        """All of it."""
        axis, began_ms = self._axis, self._file.record.arrived_ms
        return Drawing(
            height=TOP + LANE * len(LANES) + 26,
            lanes=tuple((_y(lane), self._texts(f"evn.lane_{lane}")) for lane in LANES),
            ticks=tuple((axis.x(at_ms), _clock(at_ms - began_ms)) for at_ms in axis.even(TICKS)),
            marks=tuple(map(self._mark, self._marked())),
            bars=(*self._prompts(), *self._talks(), *self._held(), *self._charged()),
        )

    def _bar(self, stretch: tuple[int, int], lane: str, kind: str, told: str) -> Bar:
        x = self._axis.x(stretch[0])
        return Bar(x, max(self._axis.x(stretch[1]) - x, 2), _y(lane), kind, told)

    def _prompts(self) -> Iterator[Bar]:
        for moment in self._moments:
            if _is_stretch(moment) and moment.until_ms is not None:
                kind = "cut" if moment.fate is Fate.CUT else "said"
                stretch = moment.at_ms, moment.until_ms
                yield self._bar(stretch, moment.who, kind, self._told(moment))

    def _talks(self) -> Iterator[Bar]:
        stretches = talks(self._file.record)
        for stretch in stretches:
            yield self._bar(stretch, "talk", "talk", self._texts("evn.talked"))
        for (_, left_ms), (joined_ms, _) in pairwise(stretches):
            yield self._bar((left_ms, joined_ms), "talk", "gap", self._texts("evn.interrupted"))

    def _held(self) -> Iterator[Bar]:
        """What each slice has added: from the paid end before it to its own."""
        paid_ms, currency = 0, self._file.record.currency
        for row in self._file.record.slices:
            if row.paid_until_ms is None:
                continue
            money = self._texts.money(row.held_micros, currency)
            told = f"{self._texts('evn.moment_held')}: {money}"
            from_ms = max(paid_ms, row.at_ms)
            if from_ms < min(row.paid_until_ms, self._axis.to_ms):
                yield self._bar((from_ms, row.paid_until_ms), "held", "held", told)
            paid_ms = row.paid_until_ms

    def _charged(self) -> Iterator[Bar]:
        told = self._texts("evn.moment_charged")
        stretches = increments(self._file.record)
        if len(stretches) > INCREMENTS_MOST:
            stretches = ((stretches[0][0], stretches[-1][1]),)
        for stretch in stretches:
            yield self._bar(stretch, "charged", "charged", told)

    def _marked(self) -> Iterator[Moment]:
        return (moment for moment in self._moments if not _is_stretch(moment))

    def _mark(self, moment: Moment) -> Mark:
        hollow = moment.happened in (Happened.TOLD, Happened.UNHEARD)
        x, y = self._axis.x(moment.at_ms), _y(_lane(moment))
        return Mark(x, y, self._told(moment), hollow=hollow)

    def _told(self, moment: Moment) -> str:
        told = self._texts(f"evn.moment_{moment.happened}")
        return f"{told}: {self._said(moment.detail)}" if moment.fate is not None else told


def _is_stretch(moment: Moment) -> bool:
    """Whether a prompt is drawn as a bar: it began, and its end is known."""
    return moment.happened is Happened.HEARD and moment.until_ms is not None


def _lane(moment: Moment) -> str:
    if moment.fate is not None:
        return moment.who
    return {
        Happened.BALANCE: "money",
        Happened.CHARGED: "money",
        Happened.HELD: "held",
        Happened.JOINED: "talk",
        Happened.LEFT: "talk",
    }.get(moment.happened, "caller")


def _y(lane: str) -> int:
    return TOP + LANE * LANES.index(lane) + LANE // 2


def _clock(ms: int) -> str:
    seconds = ms // 1000
    return f"{seconds // 60}:{seconds % 60:02}"
