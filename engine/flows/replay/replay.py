"""Recorded calls against a draft configuration: what would differ, service by service, and why.

Reads the records in pages, and the balances that their calls left; keeps sums, a few examples and
what it took more from each of so many accounts, so a month of a million calls takes hardly more
memory than a day. Numbers of callers are in no result.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.cdr import CallRecord
from engine.core.inventory import Inventory
from engine.flows.replay.purses import Purses
from engine.flows.replay.rules import Difference, Draft, Outcome, differences, recorded, replayed
from engine.ports.ledger import Ledger

EXAMPLES = 5
"""Calls that are shown of each kind of difference: the first ones."""

Progress = Callable[[int, int], None]
"""Told after each page: how many calls so far, and when (ms) the last of them ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A call that would differ, as it was and as it would have been."""

    call_id: str
    arrived_ms: int
    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of difference: how many calls have it, and the first of them."""

    difference: Difference
    calls: int
    examples: tuple[Example, ...]


@dataclass(slots=True)
class Tally:
    """Calls, of which `talked` have a conversation, and what they cost together."""

    calls: int = 0
    talked: int = 0
    charged_s: int = 0
    charge_micros: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count a call."""
        self.calls += 1
        self.talked += outcome.rate is not None
        self.charged_s += outcome.charged_s
        self.charge_micros += outcome.charge_micros


@dataclass(frozen=True, slots=True)
class ServiceTotal:
    """A service's calls in a currency, before and after; `service` is None for no service."""

    service: str | None
    currency: str
    before: Tally
    after: Tally


@dataclass(frozen=True, slots=True)
class Replay:
    """What came out: `changed` of `calls` differ; `services` has those that any call reached."""

    calls: int
    changed: int
    changes: tuple[Change, ...]
    services: tuple[ServiceTotal, ...]

    def difference_micros(self) -> dict[str, int]:
        """By currency: what the calls would cost more, or less, all together."""
        sums: dict[str, int] = {}
        for total in self.services:
            more_micros = total.after.charge_micros - total.before.charge_micros
            sums[total.currency] = sums.get(total.currency, 0) + more_micros
        return sums


async def replay(
    ledger: Ledger,
    inventory: Inventory,
    from_ms: int,
    to_ms: int,
    *,
    organisation: str | None = None,
    progress: Progress = lambda calls, ended_ms: None,
) -> Replay:
    """Replay the calls that ended in the half-open interval: all, or those of an organisation.

    `RemoteError` if the database does not answer.
    """
    draft, sums = Draft.of(inventory), _Sums()
    async for page in ledger.call_pages(from_ms, to_ms, organisation):
        balances = await _balances(ledger, page)
        # In a thread: calls that are live beside it need not wait until a page is reckoned.
        await asyncio.to_thread(sums.add_page, page, balances, draft)
        progress(sums.calls, page[-1].ended_ms)
    return sums.result()


async def _balances(ledger: Ledger, page: Sequence[CallRecord]) -> Mapping[str, int]:
    """The balances after those calls of a page that money could have ended."""
    talked = [one.call_id for one in page if one.account_id is not None and one.talk_ms > 0]
    return await ledger.balances_after(talked) if talked else {}


@dataclass(slots=True)
class _Sums:
    calls: int = 0
    changed: int = 0
    counts: dict[Difference, int] = field(default_factory=dict)
    examples: dict[Difference, list[Example]] = field(default_factory=dict)
    totals: dict[tuple[str | None, str], ServiceTotal] = field(default_factory=dict)
    purses: Purses = field(default_factory=Purses)

    def add_page(
        self, page: Sequence[CallRecord], balances: Mapping[str, int], draft: Draft
    ) -> None:
        for record in page:
            money_micros = self.purses.money_micros(record, balances.get(record.call_id))
            after = replayed(record, draft, money_micros)
            self.purses.take(record, after)
            self.add(record, recorded(record), after)

    def add(self, record: CallRecord, before: Outcome, after: Outcome) -> None:
        self.calls += 1
        self._total(before).before.add(before)
        self._total(after).after.add(after)
        found = tuple(differences(before, after))
        self.changed += bool(found)
        for difference in found:
            self.counts[difference] = self.counts.get(difference, 0) + 1
            shown = self.examples.setdefault(difference, [])
            if len(shown) < EXAMPLES:
                shown.append(
                    Example(
                        call_id=record.call_id,
                        arrived_ms=record.arrived_ms,
                        before=before,
                        after=after,
                    )
                )

    def _total(self, outcome: Outcome) -> ServiceTotal:
        key = outcome.service, outcome.currency
        total = self.totals.get(key)
        if total is None:
            total = self.totals[key] = ServiceTotal(*key, Tally(), Tally())
        return total

    def result(self) -> Replay:
        changes = tuple(
            Change(kind, self.counts[kind], tuple(self.examples[kind]))
            for kind in Difference
            if kind in self.counts
        )
        ordered = sorted(self.totals.items(), key=lambda item: (item[0][0] or "~", item[0][1]))
        services = tuple(total for _, total in ordered)
        return Replay(self.calls, self.changed, changes, services)
