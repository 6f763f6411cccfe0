"""The measures of a diverted call: whether it has reached its service the books say first."""

from collections.abc import Sequence

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now
from engine.diversion.call import DivertedCall, State
from engine.flows.measures.call import Measures
from engine.ports.metrics import Metrics


class DivertedMeasures(Measures):
    """Counts a call as it goes on by what the books said: asked again, it has gone on already."""

    def __init__(self, metrics: Metrics, service: str) -> None:
        super().__init__(metrics)
        self._service = service

    def stepped(
        self,
        before: DivertedCall,
        after: DivertedCall,
        event: e.Event,
        actions: Sequence[Action],
        now: Now,
    ) -> None:
        """A step was decided."""
        if before.state is not State.FINDING or not isinstance(event, e.RouteFound):
            return
        if after.organisation:
            self._metrics.call_begun(self._service)
        elif not event.found.is_probe:
            self._metrics.call_turned_away()
