"""Health numbers per adapter, slice and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rollback.indicators.measured import Measured
from rollback.indicators.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A health number of an adapter over one minute (`bucket` is the minute's start)."""

    deployment: str
    adapter: str | None
    bucket: datetime
    name: str
    value: float
    count: int  # answers behind the value


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPoint:
    """An indicator of an adapter over one bucket (`bucket` is its start, in UTC)."""

    adapter: str | None
    bucket: datetime
    measured: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Every indicator of an adapter over some time, by name.

    Args:
        adapter: version that answered, `None` is the base model.
        slice: which part of the traffic; `None` is all of it, `""` what has no slice.
        measured: an indicator without an answer behind it is not in it, and never 0.
    """

    adapter: str | None
    slice: str | None
    measured: Mapping[str, Measured]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number of Backstop itself that was read just now (memory, a queue, a drop count).

    Args:
        name: of the catalogue.
        process: which of its processes said so.
    """

    name: str
    process: str
    value: float


class IndicatorHistory(Protocol):
    """What reports and pages read. It costs by the buckets asked for, never by the answers behind."""

    def series(
        self,
        deployment: str,
        name: str,
        since: datetime,
        until: datetime,
        step: Step,
        *,
        slice: str | None = None,
    ) -> Sequence[SeriesPoint]:
        """Return an indicator of all adapters in the buckets that begin in [since, until).

        The oldest comes first, then by adapter. A bucket without an answer has no point. The level
        of a process of Backstop itself has the deployment `""`, and the process as its adapter.

        Args:
            slice: only these answers; `None` is all of them, `""` those without a slice.

        Raises:
            BadRequest: if the catalogue has no such indicator.
        """

    def summary(
        self, deployment: str, since: datetime, until: datetime, *, intervals: bool = True
    ) -> Sequence[Summary]:
        """Return the indicators of the answers in [since, until), merged over that time.

        For each adapter, by name, first all of its answers (`slice=None`), then each slice, if there
        is more than the one without a name; levels are only in the first. Both ends are rounded
        outwards to minutes. Whole days are read as days and whole hours as hours: 30 days are some
        30 rows an adapter and slice. Where minutes are no longer kept, ask for whole hours.

        Args:
            intervals: whether rates come with their confidence sequences, a millisecond each.
        """


class IndicatorStore(IndicatorHistory, Protocol):
    """Health numbers per adapter, slice and time."""

    def roll_up(self, now: datetime, readings: Sequence[Reading] = ()) -> int:
        """Add the answers recorded since the last call, and the readings, to what they belong to.

        Returns how many answers were added; 0 also while another process is doing it. An answer
        counts once, in the minute, hour and day in which it began, however late it is recorded;
        what is cut off in the middle has changed nothing.
        """

    def indicators(self, deployment: str, since: datetime, until: datetime) -> Sequence[Indicator]:
        """Return the minutes of all adapters of a deployment, slices together, oldest first."""
