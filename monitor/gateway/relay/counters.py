"""What the relay counts, in plain numbers: counting is adding."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import ItemsView

from monitor.ports.handover import Ending

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Durations:
    """A histogram with the bounds `SECONDS`, and how much is beyond the last one."""

    __slots__ = ("buckets", "sum")

    def __init__(self) -> None:
        self.buckets = [0] * (len(SECONDS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.buckets[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds


class Series:
    """The answers of one version for one deployment."""

    __slots__ = ("endings", "first_byte", "latency", "response_bytes")

    def __init__(self) -> None:
        self.endings = {ending.value: 0 for ending in Ending}
        self.response_bytes = 0
        self.first_byte = Durations()
        self.latency = Durations()


class RelayCounters:
    """Counts answers and refusals; deployments are known names, so that series stay few.

    Attributes:
        in_flight: requests under way; dropped: exchanges for which the handover had no room.
        shadows_skipped: prompts that should have been shadowed, but enough shadows were under way.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.dropped = 0
        self.shadows_skipped = 0
        self.refusals: Counter[int] = Counter()
        self._series: dict[tuple[str, str | None], Series] = {}

    def series(self, deployment: str, adapter: str | None) -> Series:
        """Return the series of a version for a deployment."""
        key = (deployment, adapter)
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = Series()
        return found

    def all_series(self) -> ItemsView[tuple[str, str | None], Series]:
        """Return every series, by deployment and version."""
        return self._series.items()
