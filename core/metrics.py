"""The metrics of /metrics, in Prometheus' text format."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from core.records.captures import Prediction
from core.records.monitoring import Execution

# Senders choose endpoint names, and each name is a series that stays until the process ends.
MAX_ENDPOINTS = 100
OTHER = "other"
TENSOR_OUTCOMES = ("recorded", "dropped", "failed")
ALERT_OUTCOMES = ("delivered", "failed", "dropped")
# Computed at each request of /metrics, by the function given to `gauge`.
GAUGES = {
    "signwatch_queue_images": "Images that wait for a forward pass",
    "signwatch_model_up": "1 if the classifier answers, else 0",
    "signwatch_store_up": "1 if the capture log takes writes, else 0",
}


class Metrics:
    """Counters of one process, from 0 at its start."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._endpoints: set[str] = set()
        self._requests = Counter(
            "signwatch_requests",
            "Requests answered, by HTTP status",
            ["endpoint", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "signwatch_request_seconds",
            "From the request line to the answer",
            ["endpoint"],
            registry=registry,
        )
        self._in_work = Gauge("signwatch_requests_in_work", "Requests in work", registry=registry)
        self._predictions = Counter(
            "signwatch_predictions",
            "Predictions made, by class",
            ["endpoint", "class_id"],
            registry=registry,
        )
        self._flagged = Counter(
            "signwatch_flagged",
            "Predictions flagged as suspicious",
            ["endpoint"],
            registry=registry,
        )
        self._captures = Counter(
            "signwatch_captures",
            "Images captured, durable in the log",
            ["endpoint"],
            registry=registry,
        )
        self.batch_size = Histogram(
            "signwatch_batch_images",
            "Images in one forward pass",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=registry,
        )
        self.commit_seconds = Histogram(
            "signwatch_commit_seconds", "Time of one transaction of captures", registry=registry
        )
        self._executions = Counter(
            "signwatch_executions",
            "Runs of the monitor, by state",
            ["status"],
            registry=registry,
        )
        self._violations = Counter(
            "signwatch_violations", "Violations found, by check", ["check"], registry=registry
        )

        self._tensors = Counter(
            "signwatch_tensor_records",
            "Requests whose tensors were to be recorded, by outcome",
            ["outcome"],
            registry=registry,
        )
        for outcome in TENSOR_OUTCOMES:
            self._tensors.labels(outcome)
        self._alerts = Counter(
            "signwatch_alerts",
            "Alerts to single channels, by outcome",
            ["outcome"],
            registry=registry,
        )
        for outcome in ALERT_OUTCOMES:
            self._alerts.labels(outcome)
        self._stream_evidence = Gauge(
            "signwatch_stream_evidence",
            "E-value of the drift detector; none while not computed",
            ["channel"],
            registry=registry,
        )
        self._stream_alarms = Counter(
            "signwatch_stream_alarms",
            "Alarms of the drift detector that this process raised",
            ["channel"],
            registry=registry,
        )

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Let `read` compute one of GAUGES."""
        Gauge(name, GAUGES[name], registry=self.registry).set_function(read)

    @contextmanager
    def request(self, endpoint: str) -> Iterator[Callable[[int], None]]:
        """Time one request; call what it yields with the status of the answer."""
        name, begun = self._name(endpoint), time.perf_counter()

        def answered(status: int) -> None:
            self._requests.labels(name, status).inc()
            self._seconds.labels(name).observe(time.perf_counter() - begun)

        with self._in_work.track_inprogress():
            yield answered

    def predicted(self, endpoint: str, predictions: tuple[Prediction, ...], captured: int) -> None:
        """Count predictions of an answer, and how many of their images were captured."""
        name = self._name(endpoint)
        for prediction in predictions:
            self._predictions.labels(name, prediction.class_id).inc()
            if prediction.suspicion.flagged:
                self._flagged.labels(name).inc()
        self._captures.labels(name).inc(captured)

    def executed(self, execution: Execution) -> None:
        """Count a run of the monitor that has ended, and its violations."""
        self._executions.labels(execution.status.value).inc()
        for violation in execution.violations:
            self._violations.labels(violation.constraint_check_type).inc()

    def alerted(self, outcome: str) -> None:
        """Count one of ALERT_OUTCOMES."""
        self._alerts.labels(outcome).inc()

    def stream_evidence(self, by_channel: Mapping[str, float]) -> None:
        """Set the e-value of every channel of the drift detector."""
        self._stream_evidence.clear()
        for channel, evidence in by_channel.items():
            self._stream_evidence.labels(channel).set(evidence)
            self._stream_alarms.labels(channel)

    def stream_alarms(self, by_channel: Mapping[str, int]) -> None:
        """Count alarms of the drift detector, by channel."""
        for channel, alarms in by_channel.items():
            self._stream_alarms.labels(channel).inc(alarms)

    def tensors(self, outcome: str) -> None:
        """Count one of TENSOR_OUTCOMES."""
        self._tensors.labels(outcome).inc()

    def tensor_outcomes(self) -> dict[str, int]:
        """The number of requests with each of TENSOR_OUTCOMES since the start."""
        name = "signwatch_tensor_records_total"
        return {
            outcome: int(self.registry.get_sample_value(name, {"outcome": outcome}) or 0)
            for outcome in TENSOR_OUTCOMES
        }

    def render(self) -> bytes:
        """The body of GET /metrics."""
        return generate_latest(self.registry)

    def _name(self, endpoint: str) -> str:
        if endpoint not in self._endpoints:
            if len(self._endpoints) >= MAX_ENDPOINTS:
                return OTHER
            self._endpoints.add(endpoint)
        return endpoint
