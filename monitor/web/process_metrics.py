"""Metrics of the processes beside this one, as they told them last, under a label `process`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector


class ProcessCollector(Collector):
    """Joins what several processes export.

    Args:
        texts: returns process name → metrics in Prometheus' text format.
    """

    def __init__(self, texts: Callable[[], Mapping[str, str]]) -> None:
        self._texts = texts

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: names are not checked at registration."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once, with the samples of every process."""
        joined: dict[str, Metric] = {}
        for process, text in self._texts().items():
            for family in text_string_to_metric_families(text):
                metric = joined.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "process": process}
                    metric.add_sample(sample.name, labels, sample.value)
        yield from joined.values()
