"""The relay's counters in Prometheus' terms, added up over the gateway's processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from monitor.gateway.relay.counters import SECONDS

Snapshot = Mapping[str, Any]

_BOUNDS = (*(str(bound) for bound in SECONDS), "+Inf")
_TOTALS = (
    ("dropped", "backstop_exchanges_dropped", "Answers relayed, but the handover had no room."),
    ("tee_cut", "backstop_exchanges_cut", "Answers relayed whole, but recorded in part."),
    ("shadows_skipped", "backstop_shadows_skipped", "Shadows that were not sent: too many were."),
)


class RelayCollector(Collector):
    """Exports the newest snapshot of each gateway process.

    Args:
        snapshots: returns what `RelayCounters.snapshot` has returned in each process.
    """

    def __init__(self, snapshots: Callable[[], Iterable[Snapshot]]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        snapshots = list(self._snapshots())
        in_flight = sum(each["in_flight"] for each in snapshots)
        yield GaugeMetricFamily(
            "backstop_requests_in_flight", "Requests being answered.", value=in_flight
        )
        for key, name, text in _TOTALS:
            yield CounterMetricFamily(name, text, value=sum(each[key] for each in snapshots))
        yield _refusals(snapshots)
        yield from _answers([answer for each in snapshots for answer in each["answers"]])


def _refusals(snapshots: Iterable[Snapshot]) -> Metric:
    counted: Counter[str] = Counter()
    for each in snapshots:
        counted.update(each["refusals"])
    family = CounterMetricFamily(
        "backstop_refusals", "Requests refused or failed, by status.", labels=["status"]
    )
    for status, count in sorted(counted.items()):
        family.add_metric([status], count)
    return family


def _answers(answers: Iterable[Snapshot]) -> Iterator[Metric]:
    endings: Counter[tuple[str, str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    waits: dict[str, Counter[tuple[str, str]]] = {"first_byte": Counter(), "latency": Counter()}
    buckets: dict[str, dict[tuple[str, str], list[int]]] = {"first_byte": {}, "latency": {}}
    for answer in answers:
        who = (answer["deployment"], answer["adapter"])
        for ending, count in answer["endings"].items():
            endings[(*who, ending)] += count
        sizes[who] += answer["response_bytes"]
        for kind, known in buckets.items():
            waits[kind][who] += answer[kind]["sum"]
            before = known.get(who, [0] * len(_BOUNDS))
            known[who] = [a + b for a, b in zip(before, answer[kind]["buckets"], strict=True)]
    labels = ["deployment", "adapter"]
    ended = CounterMetricFamily(
        "backstop_answers", "Answers that ended, by how they ended.", labels=[*labels, "ending"]
    )
    for whose, count in endings.items():
        ended.add_metric(list(whose), count)
    yield ended
    relayed = CounterMetricFamily("backstop_answer_bytes", "Bytes relayed.", labels=labels)
    for who, size in sizes.items():
        relayed.add_metric(list(who), size)
    yield relayed
    for kind, name, text in (
        ("first_byte", "backstop_time_to_first_byte_seconds", "From a request to its first byte."),
        ("latency", "backstop_answer_seconds", "From a request to the end of its answer."),
    ):
        family = HistogramMetricFamily(name, text, labels=labels)
        for who, counts in buckets[kind].items():
            cumulated = [
                (bound, float(n)) for bound, n in zip(_BOUNDS, accumulate(counts), strict=True)
            ]
            family.add_metric(list(who), cumulated, waits[kind][who])
        yield family
