"""The measures of verification: what calls go out and what they cost, and what comes of them."""

from collections.abc import Sequence

from engine.core import events as e
from engine.core.actions import Action, DialOut
from engine.core.call import Now
from engine.core.verification import LIMITS, Status, Verification
from engine.flows.measures.call import Measures
from engine.ports.metrics import Metrics
from engine.verification.call import State, VerificationCall

ANSWERED = "answered"


class VerificationMeasures(Measures):
    """Sees every step of a verification call, from its beginning or from when it was taken over."""

    def stepped(
        self,
        before: VerificationCall,
        after: VerificationCall,
        event: e.Event,
        actions: Sequence[Action],
        now: Now,
    ) -> None:
        """A step was decided."""
        if any(isinstance(action, DialOut) for action in actions):
            self._metrics.verification_dialled(after.merchant)
        if after.state is State.REPORTING and before.state is not State.REPORTING:
            outcome = ANSWERED if after.failure is None else after.failure
            since_ms = now.wall_ms if after.answered_ms is None else after.answered_ms
            self._metrics.verification_call_ended(
                after.merchant, outcome, max(0, now.wall_ms - since_ms)
            )


def ended(metrics: Metrics, verification: Verification) -> None:
    """A verification was written down; noted if that is its end. A test calls nobody."""
    if verification.test or not verification.finished:
        return
    metrics.verification_ended(verification.merchant, verification.status)
    if verification.status is Status.BLOCKED and verification.reason in LIMITS:
        metrics.verification_limited(verification.reason)
