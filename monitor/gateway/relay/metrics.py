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
_DURATIONS = (
    ("first_byte", "backstop_time_to_first_byte_seconds", "From a request to its first byte."),
    ("latency", "backstop_answer_seconds", "From a request to the end of its answer."),
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


def _answers(answers: list[Snapshot]) -> Iterator[Metric]:
    labels = ["deployment", "adapter"]
    ended = CounterMetricFamily(
        "backstop_answers", "Answers that ended, by how they ended.", labels=[*labels, "ending"]
    )
    relayed = CounterMetricFamily("backstop_answer_bytes", "Bytes relayed.", labels=labels)
    for who, same in _by_version(answers).items():
        for ending in same[0]["endings"]:
            ended.add_metric([*who, ending], sum(each["endings"][ending] for each in same))
        relayed.add_metric(list(who), sum(each["response_bytes"] for each in same))
    yield ended
    yield relayed
    for kind, name, text in _DURATIONS:
        family = HistogramMetricFamily(name, text, labels=labels)
        for who, same in _by_version(answers).items():
            family.add_metric(list(who), *_added([each[kind] for each in same]))
        yield family


def _by_version(answers: list[Snapshot]) -> dict[tuple[str, str], list[Snapshot]]:
    """Return what the processes say of each deployment's versions."""
    found: dict[tuple[str, str], list[Snapshot]] = {}
    for answer in answers:
        found.setdefault((answer["deployment"], answer["adapter"]), []).append(answer)
    return found


def _added(durations: list[Snapshot]) -> tuple[list[tuple[str, float]], float]:
    """Return cumulated buckets, as Prometheus wants them, and the sum."""
    counts = [sum(same) for same in zip(*(each["buckets"] for each in durations), strict=True)]
    cumulated = [(bound, float(n)) for bound, n in zip(_BOUNDS, accumulate(counts), strict=True)]
    return cumulated, sum(each["sum"] for each in durations)
