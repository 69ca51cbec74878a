"""What guards did, in plain numbers: counting is adding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from guards.checks.judgement import Report


class GuardCounts:
    """Counts what guards did, by deployment, guard, mode and outcome."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str, str]] = Counter()

    def note(self, deployment: str, reports: Iterable[Report]) -> None:
        """Count what each guard said of one answer."""
        for each in reports:
            self.counts[deployment, each.guard, each.mode.value, each.outcome.value] += 1
