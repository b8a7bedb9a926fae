"""Metrics for Prometheus, in a registry that belongs to one hub.

Labels never carry a dossier, a person or a message. A label takes `LABELS_MAX` different combinations of values; what
comes after them is counted under "other", so that no caller can fill the memory.
"""

from typing import Generic, TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

LABELS_MAX = 1000
OTHER = "other"

_ACCEPT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_TRY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

_Family = TypeVar("_Family", Counter, Gauge, Histogram)


class _Children(Generic[_Family]):
    """The children of one family, kept because finding one through the family costs more than counting."""

    def __init__(self, family: _Family, labels: int, labels_max: int = LABELS_MAX) -> None:
        self._family: _Family = family
        self._labels = labels
        self._labels_max = labels_max
        self._children: dict[tuple[str, ...], _Family] = {}

    def child(self, values: tuple[str, ...]) -> _Family:
        """Return the child of these label values, or the one of "other" when there are too many."""
        found = self._children.get(values)
        return found if found is not None else self._made(values)

    def _made(self, values: tuple[str, ...]) -> _Family:
        if not self._labels:
            return self._family
        if len(self._children) >= self._labels_max:
            values = (OTHER,) * self._labels
        made: _Family = self._family.labels(*values)
        return self._children.setdefault(values, made)


class Counted(_Children[Counter]):
    """Something that is counted. The label values come in the order of the family's names."""

    def inc(self, *values: str, by: float = 1) -> None:
        """Count."""
        self.child(values).inc(by)


class Timed(_Children[Histogram]):
    """Something that takes time."""

    def observe(self, seconds: float, *values: str) -> None:
        """Record one duration in seconds."""
        self.child(values).observe(seconds)


class Gauged(_Children[Gauge]):
    """Something that goes up and down."""

    def set(self, value: float, *values: str) -> None:
        """Record the present value."""
        self.child(values).set(value)


class Metrics:
    """Everything the hub measures. One object for one hub, handed on by constructor."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.accepted_total = self._counted("accepted", "Messages accepted", "agency")
        self.refused_total = self._counted("refused", "Requests refused at the door", "code")
        self.lookups_total = self._counted("lookups", "Lookups of citizens", "platform", "result")
        self.lookup_tries_total = self._counted(
            "lookup_tries", "Calls to the source of lookups, tries again included", "platform", "outcome_class"
        )
        self.tries_total = self._counted("tries", "Tries of deliveries", "platform", "operation", "outcome_class")
        self.inquiries_total = self._counted("inquiries", "Inquiries after doubtful tries", "platform")
        self.accept_seconds = self._timed("accept_seconds", "From the request to its receipt", _ACCEPT_BUCKETS_S)
        self.append_seconds = self._timed("append_seconds", "One append to the log", _ACCEPT_BUCKETS_S)
        self.lookup_seconds = self._timed("lookup_seconds", "One lookup", _TRY_BUCKETS_S)
        self.try_seconds = self._timed("try_seconds", "One try of a delivery", _TRY_BUCKETS_S, "platform")
        self.deliveries = self._gauged("deliveries", "Deliveries by state", "platform", "state")
        self.lanes_parked = self._gauged("lanes_parked", "Lanes whose head waits in the store", "platform")
        self.circuit_open = self._gauged("circuit_open", "1 while the circuit of a platform is open", "platform")
        self.window_closed = self._gauged("window_closed", "1 during maintenance of a platform", "platform")
        self.quota_spent = self._gauged("quota_spent", "1 while the quota of a platform has no call left", "platform")
        self.event_streams = self._gauged("event_streams", "Readers of status events that are connected")
        self.callbacks_total = self._counted("callbacks", "Callbacks to senders", "system", "result")
        self.projection_lag_records = self._gauged("projection_lag_records", "Records not projected yet", "topic")
        self.minute_tries = self._gauged("minute_tries", "Tries of the last minute", "platform", "outcome_class")
        self.minute_try_seconds = self._gauged(
            "minute_try_seconds", "What a try of the last minute took at most", "platform", "share"
        )
        self.late_deliveries = self._gauged("late_deliveries", "Deliveries that wait too long", "platform")
        self.platform_silent = self._gauged("platform_silent", "1 while nothing succeeds that waits", "platform")
        self.differences_total = self._counted(
            "reconciliation_differences_found", "Dossiers over which ledger and platform differ", "platform", "cause"
        )
        self.resent_total = self._counted("reconciliation_resent", "Dossiers ordered to be sent again", "platform")
        self.differences = self._gauged(
            "reconciliation_differences", "Differences of the last run of the reconciliation", "platform", "cause"
        )
        self.reconciliation_alarm = self._gauged(
            "reconciliation_alarm", "1 when the last run was stopped or found too much", "platform"
        )
        self.alarm = self._gauged("alarm", "1 while an alarm stands", "kind", "platform")
        self.let_go_total = self._counted("let_go", "Records and rows that were kept long enough", "kind")
        self.kept_partitions = self._gauged("kept_partitions", "Partitions whose old records must stay", "topic", "by")

    def render(self) -> tuple[bytes, str]:
        """Return the page that Prometheus reads, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def _counted(self, name: str, words: str, *labels: str) -> Counted:
        return Counted(Counter(name, words, labels, namespace="hub", registry=self.registry), len(labels))

    def _timed(self, name: str, words: str, buckets_s: tuple[float, ...], *labels: str) -> Timed:
        family = Histogram(name, words, labels, namespace="hub", registry=self.registry, buckets=buckets_s)
        return Timed(family, len(labels))

    def _gauged(self, name: str, words: str, *labels: str) -> Gauged:
        return Gauged(Gauge(name, words, labels, namespace="hub", registry=self.registry), len(labels))
