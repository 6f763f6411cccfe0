"""A sales channel: which number stands in which offers, and whether it is out of them again."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A channel of an organisation, and the `places` in which its number is published.

    A number has one source at a time, and a source one name for ever: its calls are counted by it.
    `ends_on` is its planned last day. At its end (or the number's) the organisation confirms that
    the number is out of every offer, online and off: then `removed_on` is set.
    """

    source_id: str
    organisation: str
    e164: str
    name: str
    places: tuple[str, ...] = ()
    ends_on: date | None = None
    removed_on: date | None = None
    version: int = 0

    def has_ended(self, day: date) -> bool:
        """Whether its last day is over."""
        return self.ends_on is not None and day > self.ends_on

    def is_running(self, day: date) -> bool:
        """Whether its number is published in it, as planned."""
        return self.removed_on is None and not self.has_ended(day)

    def lasts_longer(self, before: "Source | None") -> bool:
        """Whether its number is published for longer than it was `before` (None: not at all)."""
        if self.removed_on is not None:
            return False
        if before is None or self.ends_on is None:
            return before is None or before.ends_on is not None
        return before.ends_on is not None and self.ends_on > before.ends_on
