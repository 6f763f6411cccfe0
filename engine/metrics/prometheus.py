"""`ports.metrics.Metrics` on a Prometheus registry of our own.

Times are in seconds and names end in their unit, as Prometheus wants it; money is in micro-units,
which a number of Prometheus' (a double) holds exactly up to 2**53.
"""

import time
from collections.abc import Iterable
from types import TracebackType

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from engine.core.probe import Result
from engine.core.verification import FINAL, LIMITS
from engine.errors import EngineError, RemoteError
from engine.metrics.receipts import Receipts
from engine.metrics.standing import Standing
from engine.ports.metrics import Delivery, Disagreement, Metrics, Readings, Remote

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
DELAYS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
LATE_S = (0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0)
LAGS_S = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
CREDITS_S = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 5.0)
ANSWERS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)


class PrometheusMetrics(Metrics):
    """Counts and times, and gives them as text when asked."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._standing = Standing()
        self.registry.register(self._standing)
        self._receipts = Receipts()
        self._untold = Receipts()
        self._timers: dict[tuple[str, str], Histogram] = {}
        self._count_calls()
        self._time_calls()
        self._watch_probes()
        self._watch_verification()
        self._watch_money()
        self._watch_deliveries()
        self._remote = self._histogram(
            "remote_seconds", "until store, ledger, ARI or AMI answered", ANSWERS_S, REMOTE_LABELS
        )
        self._remote_errors = self._counter(
            "remote_errors", "answers that were an error, or none", (*REMOTE_LABELS, "code")
        )
        self._loop_late = self._histogram(
            "loop_late_seconds", "by which the event loop was late, sampled", LAGS_S
        )

    def _count_calls(self) -> None:
        self._begun = self._counter("calls_begun", "calls that reached a service", SERVICE)
        self._turned_away = self._counter("calls_turned_away", "calls that reached no service")
        self._dialled = self._counter("agent_seizures", "agents' legs that were dialled", SERVICE)
        self._answered = self._counter("agent_answers", "agents' legs that were answered", SERVICE)
        self._joined = self._counter("calls_joined", "calls that had a conversation", SERVICE)
        self._ended = self._counter(
            "calls_ended", "calls that are booked", (*SERVICE, "disposition", "refusal")
        )
        self._unbilled = self._counter(
            "unbilled_seconds", "talked after the end of what was held", SERVICE
        )
        self._clock_alarms = self._counter(
            "clock_alarms", "calls billed by the smaller of two clocks that differ"
        )

    def _time_calls(self) -> None:
        self._announced = self._histogram(
            "announcement_delay_seconds", "from arrival to the first words", DELAYS_S, SERVICE
        )
        self._rang = self._histogram(
            "agent_ringing_delay_seconds", "from dialling to ringing", DELAYS_S, SERVICE
        )
        self._cut_off = self._histogram(
            "cut_off_late_seconds", "from the end of money or time to the cut-off", LATE_S, SERVICE
        )
        self._event_lag = self._histogram(
            "event_lag_seconds", "from the switch's time of an event to our acting on it", LAGS_S
        )

    def _watch_probes(self) -> None:
        self._probed = self._counter("probes", "calls of ours to numbers of ours", ("outcome",))
        for result in Result:
            self._probed.labels(result)
        self._deferred = self._counter(
            "probes_deferred", "probes put off to the next day, for the day had no room for them"
        )
        self._trunk_out = Gauge(
            f"{PREFIX}_probe_trunk_out", "1 while no number is reached", registry=self.registry
        )

    def _watch_verification(self) -> None:
        self._verify_dialled = self._counter(
            "verification_calls", "outgoing calls that prove numbers", MERCHANT
        )
        self._verify_calls_ended = self._counter(
            "verification_calls_ended", "such calls that are over", (*MERCHANT, "outcome")
        )
        self._verify_connected = self._counter(
            "verification_connected_seconds", "that such calls were connected", MERCHANT
        )
        self._verify_ended = self._counter(
            "verifications_ended", "verifications that are final", (*MERCHANT, "status")
        )
        self._verify_limited = self._counter(
            "verification_limits_hit", "calls that a limit against toll fraud forbade", ("limit",)
        )

    def _watch_deliveries(self) -> None:
        self._given_up = self._counter(
            "deliveries_given_up", "webhooks and mails that are tried no more", ("kind",)
        )
        for delivery in Delivery:
            self._given_up.labels(delivery)
        self._stopped = self._counter(
            "webhook_endpoints_stopped", "endpoints that are told nothing more"
        )
        self._missing = Gauge(
            f"{PREFIX}_statements_missing",
            "statements of the month before that could not be filed",
            registry=self.registry,
        )

    def _watch_money(self) -> None:
        self._callbacks = self._counter(
            "callbacks", "providers' callbacks", ("provider", "outcome")
        )
        self._credited = self._histogram(
            "callback_to_credit_seconds",
            "from a callback to its money in the store",
            CREDITS_S,
            ("provider",),
        )
        self._told = self._histogram(
            "callback_to_told_seconds",
            "from a callback to the words that tell a running call's caller of it",
            CREDITS_S,
            SERVICE,
        )
        self._moved = self._histogram(
            "credit_to_deadline_seconds",
            "from a callback to the moved deadlines of a call that waits for money",
            CREDITS_S,
        )
        self._set_aside = self._counter(
            "suspense_alarms", "payments that do not fit their order", ("provider",)
        )
        self._asking_failures = self._counter(
            "asking_failures", "questions that a provider left unanswered", ("provider",)
        )
        self._disagreements = self._counter(
            "store_disagreements", "cases of a store that did not hold what it should", ("kind",)
        )
        for kind in Disagreement:
            self._disagreements.labels(kind)

    def _counter(self, name: str, help_: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"{PREFIX}_{name}", help_, labels, registry=self.registry)

    def _histogram(
        self, name: str, help_: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()
    ) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", help_, labels, registry=self.registry, buckets=buckets)

    def expect(
        self, services: Iterable[str], providers: Iterable[str], merchants: Iterable[str]
    ) -> None:
        """Begin at zero what these may come to: Prometheus sees no rise from nothing to one."""
        for merchant in merchants:
            self._verify_dialled.labels(merchant)
            self._verify_connected.labels(merchant)
            for status in FINAL:
                self._verify_ended.labels(merchant, status)
        for limit in LIMITS:
            self._verify_limited.labels(limit)
        for service in services:
            for metric in (self._begun, self._joined, self._dialled, self._answered):
                metric.labels(service)
            self._unbilled.labels(service)
            self._cut_off.labels(service)
        for provider in providers:
            for outcome in CALLBACK_OUTCOMES:
                self._callbacks.labels(provider, outcome)
            self._set_aside.labels(provider)
            self._asking_failures.labels(provider)

    # --- read --------------------------------------------------------------------------

    def note(self, readings: Readings) -> None:
        """How the engine stands, for the next `text`."""
        self._standing.readings = readings

    def text(self) -> bytes:
        """Everything in Prometheus' text format; takes some milliseconds, any thread may ask."""
        return generate_latest(self.registry)

    def loop_late(self, late_s: float) -> None:
        """The event loop was so late."""
        self._loop_late.observe(late_s)

    # --- calls -------------------------------------------------------------------------

    def call_begun(self, service: str) -> None:
        self._begun.labels(service).inc()

    def call_turned_away(self) -> None:
        self._turned_away.inc()

    def announced(self, service: str, delay_ms: int) -> None:
        self._announced.labels(service).observe(delay_ms / 1000)

    def agent_dialled(self, service: str) -> None:
        self._dialled.labels(service).inc()

    def agent_rang(self, service: str, delay_ms: int) -> None:
        self._rang.labels(service).observe(delay_ms / 1000)

    def agent_answered(self, service: str) -> None:
        self._answered.labels(service).inc()

    def joined(self, service: str) -> None:
        self._joined.labels(service).inc()

    def cut_off(self, service: str, late_ms: int) -> None:
        self._cut_off.labels(service).observe(late_ms / 1000)

    def unbilled(self, service: str, ms: int) -> None:
        self._unbilled.labels(service).inc(ms / 1000)

    def ended(self, service: str, disposition: str, refusal: str, *, clock_alarm: bool) -> None:
        self._ended.labels(service, disposition, refusal).inc()
        if clock_alarm:
            self._clock_alarms.inc()

    def event_handled(self, lag_ms: int) -> None:
        self._event_lag.observe(lag_ms / 1000)

    def probed(self, result: Result) -> None:
        self._probed.labels(result).inc()

    def probes_deferred(self, numbers: int) -> None:
        self._deferred.inc(numbers)

    def probe_trunk_out(self, is_out: bool) -> None:
        self._trunk_out.set(int(is_out))

    # --- verification ------------------------------------------------------------------

    def verification_dialled(self, merchant: str) -> None:
        self._verify_dialled.labels(merchant).inc()

    def verification_call_ended(self, merchant: str, outcome: str, answered_ms: int) -> None:
        self._verify_calls_ended.labels(merchant, outcome).inc()
        self._verify_connected.labels(merchant).inc(answered_ms / 1000)

    def verification_ended(self, merchant: str, status: str) -> None:
        self._verify_ended.labels(merchant, status).inc()

    def verification_limited(self, limit: str) -> None:
        self._verify_limited.labels(limit).inc()

    # --- money -------------------------------------------------------------------------

    def callback_received(self, provider: str, outcome: str) -> None:
        self._callbacks.labels(provider, outcome).inc()

    def credited(self, provider: str, delay_ms: int) -> None:
        self._credited.labels(provider).observe(delay_ms / 1000)

    def money_received(self, account_id: str, mono_ms: int) -> None:
        self._receipts.put(account_id, mono_ms)
        self._untold.put(account_id, mono_ms)

    def deadlines_moved(self, account_id: str, mono_ms: int) -> None:
        after_ms = self._receipts.take(account_id, mono_ms)
        if after_ms is not None:
            self._moved.observe(after_ms / 1000)

    def credit_told(self, service: str, account_id: str, mono_ms: int) -> None:
        after_ms = self._untold.take(account_id, mono_ms)
        if after_ms is not None:
            self._told.labels(service).observe(after_ms / 1000)

    def set_aside(self, provider: str) -> None:
        self._set_aside.labels(provider).inc()

    def asking_failed(self, provider: str) -> None:
        self._asking_failures.labels(provider).inc()

    def store_disagreed(self, kind: Disagreement) -> None:
        self._disagreements.labels(kind).inc()

    # --- what others wait for ----------------------------------------------------------

    def given_up(self, delivery: Delivery) -> None:
        self._given_up.labels(delivery).inc()

    def endpoint_stopped(self) -> None:
        self._stopped.inc()

    def statements_missing(self, statements: int) -> None:
        self._missing.set(statements)

    # --- whom we ask -------------------------------------------------------------------

    def asking(self, remote: Remote, order: str) -> "_Asking":
        labels = remote, order
        timer = self._timers.get(labels)
        if timer is None:
            timer = self._timers[labels] = self._remote.labels(*labels)
        return _Asking(timer, self._remote_errors, labels)


PREFIX = "groschen"
CALLBACK_OUTCOMES = ("taken", "repeated", "forged")
SERVICE = ("service",)
MERCHANT = ("merchant",)
REMOTE_LABELS = ("remote", "order")


class _Asking:
    """Times a question; what ends it with an error of ours is counted by that error's code."""

    __slots__ = ("_began_s", "_errors", "_labels", "_timer")

    def __init__(self, timer: Histogram, errors: Counter, labels: tuple[str, str]) -> None:
        self._timer = timer
        self._errors = errors
        self._labels = labels
        self._began_s = 0.0

    def __enter__(self) -> None:
        self._began_s = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.observe(time.perf_counter() - self._began_s)
        if isinstance(fault, EngineError):
            self._errors.labels(*self._labels, _code(fault)).inc()


def _code(fault: EngineError) -> str:
    """An error's code; `refused` where somebody did answer, and the same would come again."""
    if isinstance(fault, RemoteError) and not fault.retryable:
        return "refused"
    return fault.code
