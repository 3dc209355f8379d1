"""The metrics of /metrics, in Prometheus' text format."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

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
    "signwatch_log_free_bytes": "Free on the disk of the capture log; NaN if that is elsewhere",
    "signwatch_log_trouble_seconds": "How long the capture log has needed care; 0 while it is well",
    "signwatch_log_reopened": "How often the capture log was opened anew after a fatal error",
}


class Metrics:
    """Counters of one process, from 0 at its start."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._endpoints: set[str] = set()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        by_endpoint = ["endpoint"]
        self._requests = counter(
            "signwatch_requests", "Requests answered, by HTTP status", ["endpoint", "status"]
        )
        self._seconds = histogram(
            "signwatch_request_seconds", "From the request line to the answer", by_endpoint
        )
        self._in_work = gauge("signwatch_requests_in_work", "Requests in progress")
        self._predictions = counter(
            "signwatch_predictions", "Predictions made, by class", ["endpoint", "class_id"]
        )
        self._flagged = counter(
            "signwatch_flagged", "Predictions flagged as suspicious", by_endpoint
        )
        self._captures = counter(
            "signwatch_captures", "Images captured, durable in the log", by_endpoint
        )
        self.batch_size = histogram(
            "signwatch_batch_images", "Images in one forward pass", buckets=(1, 2, 4, 8, 16, 32)
        )
        self.commit_seconds = histogram(
            "signwatch_commit_seconds", "Time of one transaction of captures"
        )
        self._executions = counter(
            "signwatch_executions", "Runs of the monitor, by state", ["status"]
        )
        self._violations = counter("signwatch_violations", "Violations found, by check", ["check"])
        self._tensors = counter(
            "signwatch_tensor_records",
            "Requests whose tensors were to be recorded, by outcome",
            ["outcome"],
        )
        self._alerts = counter(
            "signwatch_alerts", "Alerts to single channels, by outcome", ["outcome"]
        )
        for outcome in TENSOR_OUTCOMES:
            self._tensors.labels(outcome)
        for outcome in ALERT_OUTCOMES:
            self._alerts.labels(outcome)
        self._drift_e_values = gauge(
            "signwatch_stream_evidence",
            "E-value of the drift detector; none while not computed",
            ["channel"],
        )
        self._drift_alarms = counter(
            "signwatch_stream_alarms",
            "Alarms of the drift detector that this process raised",
            ["channel"],
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

    def drift_e_values(self, by_channel: Mapping[str, float]) -> None:
        """Set the e-value of every channel of the drift detector."""
        self._drift_e_values.clear()
        for channel, e_value in by_channel.items():
            self._drift_e_values.labels(channel).set(e_value)
            self._drift_alarms.labels(channel)

    def drift_alarms(self, by_channel: Mapping[str, int]) -> None:
        """Count alarms of the drift detector, by channel."""
        for channel, alarms in by_channel.items():
            self._drift_alarms.labels(channel).inc(alarms)

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
