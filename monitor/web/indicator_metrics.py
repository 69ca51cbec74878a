"""The indicators of the last minutes as Prometheus' metrics, under the catalogue's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.errors import Unavailable
from monitor.ports.stores import Stores
from rollback.indicators.catalogue import CATALOGUE, Definition, Source
from rollback.indicators.steps import Step

PREFIX = "backstop_"
SPAN = timedelta(minutes=5)
_MEMORY = timedelta(days=30)  # the latest golden run and rollback of so long are told
_LABELS = ("deployment", "adapter", "slice")
_UNNAMED = "(none)"
_BASE = "base"

Sample = tuple[str, tuple[str, str, str], float]


class IndicatorCollector(Collector):
    """Reads what the last five whole minutes came to; nothing while the stores are away.

    All answers of an adapter have the label `slice=""`, which is to Prometheus as none; those of a
    slice have its name, and `(none)` stands for those without one.

    Args:
        clock: returns the present time, in UTC.
    """

    def __init__(self, stores: Stores, clock: Callable[[], datetime]) -> None:
        self._stores = stores
        self._clock = clock

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: names are not checked at registration, so no read happens there."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield every indicator that is not told elsewhere. Blocks."""
        try:
            samples = list(self._samples(self._clock()))
        except Unavailable:
            return
        yield from _families(samples)

    def _samples(self, now: datetime) -> Iterator[Sample]:
        until = Step.MINUTE.start(now)
        for deployment in self._stores.deployments.all():
            name = deployment.name
            found = self._stores.indicators.summary(name, until - SPAN, until, intervals=False)
            for each in found:
                part = "" if each.slice is None else each.slice or _UNNAMED
                labels = (name, each.adapter or _BASE, part)
                for indicator, measured in each.measured.items():
                    if CATALOGUE[indicator].source is Source.ANSWERS:
                        yield indicator, labels, measured.value
            yield from self._levels(name, now)

    def _levels(self, deployment: str, now: datetime) -> Iterator[Sample]:
        """Yield the latest of what is seldom measured."""
        for name in _SELDOM:
            points = self._stores.indicators.series(deployment, name, now - _MEMORY, now, Step.DAY)
            latest = {each.adapter: each.measured.value for each in points}
            for adapter, value in latest.items():
                yield name, (deployment, adapter or _BASE, ""), value


def _families(samples: Iterable[Sample]) -> Iterator[Metric]:
    families: dict[str, GaugeMetricFamily] = {}
    for name, labels, value in samples:
        family = families.get(name)
        if family is None:
            family = families[name] = GaugeMetricFamily(
                f"{PREFIX}{name}", _help(CATALOGUE[name]), labels=_LABELS
            )
        family.add_metric(labels, value)
    yield from families.values()


def _help(definition: Definition) -> str:
    when = "last five minutes" if definition.source is Source.ANSWERS else "latest"
    return f"{definition.meaning} ({definition.unit}; {when})"


_SELDOM = tuple(
    each.name for each in CATALOGUE.values() if each.source in (Source.GOLDEN, Source.INCIDENTS)
)
