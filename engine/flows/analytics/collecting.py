"""Who is told of an organisation's calls: set up, and told no more.

A secret must be sent, so it is kept: encrypted under the house's secret, for its collector alone,
and shown to nobody again.
"""

from collections.abc import Sequence
from dataclasses import replace

from engine.core.analytics.collector import Collector, check_collector
from engine.flows.payments.seals import Purpose, Seal
from engine.ports.analytics import Collectors, Standing


class Collecting:
    """The collectors of all organisations; `loopback` lets one be on this very machine (trials)."""

    def __init__(self, collectors: Collectors, seal: Seal, *, loopback: bool = False) -> None:
        self._collectors = collectors
        self._seal = seal
        self._loopback = loopback

    async def add(self, collector: Collector) -> None:
        """Tell of calls there from the next one on; the same id again changes nothing.

        `collector.secret` is as it was typed. `CallerError` for what is no collector, and for one
        too many.
        """
        secret = collector.secret
        check_collector(collector, secret, loopback=self._loopback)
        name = collector.collector_id
        hidden = self._seal.hide(Purpose.COLLECTOR, name, secret) if secret else ""
        await self._collectors.add(replace(collector, secret=hidden))

    async def of(self, organisation: str) -> Sequence[Standing]:
        """An organisation's collectors, and how they stand."""
        return await self._collectors.collectors(organisation)

    async def find(self, collector_id: str) -> Collector | None:
        """The collector with this id, whosever it is."""
        return await self._collectors.collector(collector_id)

    async def delete(self, organisation: str, collector_id: str) -> bool:
        """Tell nothing there any more; whether it was there."""
        return await self._collectors.delete(organisation, collector_id)
