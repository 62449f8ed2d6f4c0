"""What the service measures of itself, for Prometheus (`/metrics` of the page).

Delays are histograms: from the publisher's own time to our first sight, and from there to the decided alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from crawler.fetch import Answer, SourceAnswer

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

PUBLISH_BUCKETS_S = (60, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
SEEN_BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 60)


class Metrics:
    """The figures of one service; a registry of its own, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter(
            "borderwatch_requests",
            "Answers by kind of request and outcome.",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self.bytes = Counter(
            "borderwatch_received_bytes", "Bytes of bodies on the wire.", registry=self.registry
        )
        self.saved = Counter(
            "borderwatch_saved_bytes",
            "Bytes of listings that a 304 kept from being sent again.",
            registry=self.registry,
        )
        self.recorded = Counter(
            "borderwatch_recorded", "What recording brought.", ("what",), registry=self.registry
        )
        self.published_to_seen = Histogram(
            "borderwatch_publish_to_seen_seconds",
            "From a publisher's own time to the capture.",
            buckets=PUBLISH_BUCKETS_S,
            registry=self.registry,
        )
        self.seen_to_alert = Histogram(
            "borderwatch_seen_to_alert_seconds",
            "From the capture to the decided alert.",
            buckets=SEEN_BUCKETS_S,
            registry=self.registry,
        )
        self.queues = Gauge("borderwatch_queue", "What waits.", ("queue",), registry=self.registry)
        self.sources = Gauge("borderwatch_sources", "Sources by state.", ("state",), registry=self.registry)
        self.healthy = Gauge("borderwatch_healthy", "1 where the heartbeat is sent.", registry=self.registry)
        self._sizes: dict[str, int] = {}

    def answered(self, answer: Answer) -> None:
        """Count an answer of the crawler."""
        listing = isinstance(answer, SourceAnswer)
        status = (
            answer.status
            if isinstance(answer, SourceAnswer)
            else answer.capture.status
            if answer.capture
            else None
        )
        outcome = answer.error.kind if answer.error else str(status)
        self.answers.labels("listing" if listing else "page", outcome).inc()
        self.bytes.inc(answer.bytes_received)
        if isinstance(answer, SourceAnswer):
            name = answer.job.source.name
            if answer.status == 304:
                self.saved.inc(self._sizes.get(name, 0))
            elif answer.error is None:
                self._sizes[name] = answer.bytes_received

    def article(self, published: datetime | None, seen: datetime, alerted_at: datetime | None) -> None:
        """Note the delays of a new article; `alerted_at` where an alert was decided for it."""
        if published is not None:
            self.published_to_seen.observe(max(0.0, (seen - published).total_seconds()))
        if alerted_at is not None:
            self.seen_to_alert.observe(max(0.0, (alerted_at - seen).total_seconds()))

    def counted(self, counts: Mapping[str, int]) -> None:
        """Add what a batch of recording brought."""
        for what, count in counts.items():
            if count > 0:
                self.recorded.labels(what).inc(count)

    def now(self, *, queues: Mapping[str, int], sources: Mapping[str, int], healthy: bool) -> None:
        """Set what stands at this moment."""
        for name, length in queues.items():
            self.queues.labels(name).set(length)
        for state in ("new", "ok", "silent", "failing", "disabled"):
            self.sources.labels(state).set(sources.get(state, 0))
        self.healthy.set(healthy)

    def text(self) -> bytes:
        """The exposition format, as `/metrics` answers it."""
        return generate_latest(self.registry)
