"""The relay's numbers as Prometheus' metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from monitor.gateway.relay.counters import SECONDS, Durations, RelayCounters

Gauges = Callable[[], dict[str, float]]
_BOUNDS = (*(str(seconds) for seconds in SECONDS), "+Inf")
_HELP = {
    "backstop_exchanges_waiting": "Answers that are not recorded yet.",
    "backstop_exchanges_waiting_bytes": "Bytes of the answers that are not recorded yet.",
    "backstop_loop_lag_seconds_max": "The longest that the event loop kept others waiting.",
    "backstop_loop_lag_seconds": "The same, since it was told last.",
}


class RelayCollector(Collector):
    """Reads the counters when somebody asks: counting stays as cheap as adding.

    Args:
        cut: returns how many answers the tee has cut; dropped: how many exchanges the hand-over has.
        gauges: returns present levels by the names of `_HELP`.
    """

    def __init__(
        self,
        counters: RelayCounters,
        *,
        cut: Callable[[], int],
        dropped: Callable[[], int],
        gauges: Gauges,
    ) -> None:
        self._counters = counters
        self._cut = cut
        self._dropped = dropped
        self._gauges = gauges

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: names are not checked at registration."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        counters = self._counters
        yield _counted("backstop_answers_cut", "Answers that the tee's bound cut.", self._cut())
        yield _counted(
            "backstop_exchanges_dropped", "Answers served but not recorded.", self._dropped()
        )
        yield _counted(
            "backstop_shadows_skipped",
            "Prompts not shadowed: enough were.",
            counters.shadows_skipped,
        )
        yield GaugeMetricFamily(
            "backstop_requests_in_flight", "Requests being answered.", value=counters.in_flight
        )
        for name, value in self._gauges().items():
            yield GaugeMetricFamily(name, _HELP[name], value=value)
        yield self._refusals()
        yield from self._answers()

    def _refusals(self) -> Metric:
        refusals = CounterMetricFamily(
            "backstop_refusals", "Requests refused or failed, by status.", labels=["status"]
        )
        for status, count in self._counters.refusals.items():
            refusals.add_metric([str(status)], count)
        return refusals

    def _answers(self) -> Iterator[Metric]:
        of_version = ["deployment", "adapter"]
        answers = CounterMetricFamily(
            "backstop_answers", "Answers that ended, by how.", labels=[*of_version, "ending"]
        )
        sizes = CounterMetricFamily(
            "backstop_answer_bytes", "Bytes of answers relayed.", labels=of_version
        )
        first = HistogramMetricFamily(
            "backstop_time_to_first_byte_seconds", "To the first byte.", labels=of_version
        )
        latency = HistogramMetricFamily(
            "backstop_answer_seconds", "To the end of the answer.", labels=of_version
        )
        for (deployment, adapter), series in self._counters.all_series():
            labels = [deployment, adapter or "base"]
            for ending, count in series.endings.items():
                answers.add_metric([*labels, ending], count)
            sizes.add_metric(labels, series.response_bytes)
            first.add_metric(labels, _buckets(series.first_byte), series.first_byte.sum)
            latency.add_metric(labels, _buckets(series.latency), series.latency.sum)
        yield from (answers, sizes, first, latency)


def _counted(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """Return cumulative counts by upper bound, as Prometheus wants them."""
    total = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip(_BOUNDS, durations.buckets, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets
