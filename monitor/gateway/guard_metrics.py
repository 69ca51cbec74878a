"""What guards did, as Prometheus' metrics."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.runtime.guard_counts import GuardCounts


class GuardCollector(Collector):
    """Reads the counts when somebody asks."""

    def __init__(self, counts: GuardCounts) -> None:
        self._counts = counts

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: names are not checked at registration."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield the one metric."""
        guarded = CounterMetricFamily(
            "backstop_guarded_answers",
            "Answers that guards looked at, by what they did.",
            labels=["deployment", "guard", "mode", "outcome"],
        )
        for labels, count in self._counts.counts.items():
            guarded.add_metric(labels, count)
        yield guarded
