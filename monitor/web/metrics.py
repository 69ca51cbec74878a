"""Metrics of deployments, read from the stores when Prometheus asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.errors import Unavailable
from monitor.ports.stores import Stores
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint

_GAUGES: tuple[tuple[str, str, Callable[[EvidencePoint], float]], ...] = (
    ("evidence", "Evidence of harm by the active version (e-value)", lambda p: p.evidence),
    ("evidence_line", "Evidence at which the baseline is put back", lambda p: p.line),
    ("suspicion", "Drift of the active version's answers (e-value)", lambda p: p.suspicion),
    ("suspicion_line", "Drift at which suspicion is raised", lambda p: p.suspicion_line),
    (
        "traffic",
        "Change of the prompts' mix (e-value); its line is suspicion's",
        lambda p: p.traffic,
    ),
    (
        "capped_answers",
        "Answers that did not count, for their caller had its share",
        lambda p: float(p.capped),
    ),
    ("judged_answers", "Answers of the active version judged", lambda p: float(p.position)),
)


class DeploymentCollector(Collector):
    """Collects the active version, the epoch and the evidence of every deployment.

    While the stores are away only `backstop_stores_up 0` is reported: old numbers would look
    like a healthy service.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: names are not checked at registration, so no read happens there."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics. Blocks."""
        up = GaugeMetricFamily("backstop_stores_up", "Whether the stores answer")
        try:
            seen = self._read()
        except Unavailable:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from _pointers([deployment for deployment, _ in seen])
        yield from _evidence(seen)

    def _read(self) -> list[tuple[Deployment, EvidencePoint | None]]:
        evidence = self._stores.evidence
        return [
            (deployment, evidence.newest(deployment.name, deployment.epoch))
            for deployment in self._stores.deployments.all()
        ]


def _pointers(deployments: list[Deployment]) -> Iterator[Metric]:
    active = InfoMetricFamily("backstop_active_adapter", "Which version serves a deployment")
    epoch = GaugeMetricFamily("backstop_epoch", "Changes of the pointer", labels=["deployment"])
    frozen = GaugeMetricFamily(
        "backstop_frozen", "Whether automatic changes are off", labels=["deployment"]
    )
    for each in deployments:
        active.add_metric(
            [],
            {
                "deployment": each.name,
                "adapter": each.active or "",
                "baseline": each.baseline or "",
            },
        )
        epoch.add_metric([each.name], each.epoch)
        frozen.add_metric([each.name], float(each.frozen is not None))
    yield from (active, epoch, frozen)


def _evidence(seen: list[tuple[Deployment, EvidencePoint | None]]) -> Iterator[Metric]:
    for name, help_text, value in _GAUGES:
        gauge = GaugeMetricFamily(f"backstop_{name}", help_text, labels=["deployment"])
        for deployment, point in seen:
            if point is not None:
                gauge.add_metric([deployment.name], value(point))
        yield gauge
