"""What Backstop's processes say of themselves, as indicators and as metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from monitor.ports.indicators import Reading
from monitor.web.indicator_metrics import PREFIX
from rollback.indicators.catalogue import CATALOGUE, Source

_GUARDED, _PASSED = f"{PREFIX}guarded_answers", "pass"
NAMES = frozenset(
    f"{PREFIX}{each.name}" for each in CATALOGUE.values() if each.source is Source.PROCESSES
)


def of_registry(process: str, registry: CollectorRegistry) -> Callable[[], Mapping[str, str]]:
    """Return what gives this process' own metrics as a text, without a read of the stores."""

    def texts() -> Mapping[str, str]:
        own = registry.restricted_registry(NAMES)
        return {process: generate_latest(own).decode()}

    return texts


def readings(texts: Callable[[], Mapping[str, str]]) -> Callable[[], Sequence[Reading]]:
    """Return what reads the levels of the catalogue out of each process' metrics.

    Args:
        texts: returns process → its metrics in Prometheus' text format.
    """

    def read() -> Sequence[Reading]:
        return [
            Reading(name=name.removeprefix(PREFIX), process=process, value=value)
            for process, text in texts().items()
            for name, value in _levels(text).items()
        ]

    return read


def _levels(text: str) -> Mapping[str, float]:
    """Return each level summed over its labels; guards' answers are those that they did not pass."""
    levels: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        if family.name not in NAMES:
            continue
        for sample in family.samples:
            passed = family.name == _GUARDED and sample.labels.get("outcome") == _PASSED
            if not passed and not sample.name.endswith("_created"):
                levels[family.name] += sample.value
    return levels
