"""Thinning the evidence curve for a picture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.reports.evidence import thinned
from rollback.evidence import EvidencePoint

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def point(position: int, *, evidence=1.0, suspicion=1.0, epoch=1, age=timedelta(0)):
    """Return a point with lines at 100 (evidence) and 10 (suspicion)."""
    return EvidencePoint(
        deployment="support",
        adapter="support@aa",
        epoch=epoch,
        position=position,
        at=NOW - age,
        suspicion=suspicion,
        suspicion_line=10.0,
        evidence=evidence,
        line=100.0,
    )


def test_a_short_curve_is_left_as_it_is():
    """Thinning starts beyond the limit."""
    points = [point(n) for n in range(10)]
    assert thinned(points, 10) == points


@pytest.mark.parametrize("limit", [2, 3, 7, 50, 99])
@pytest.mark.parametrize("crossing", [0, 41, 98])
@pytest.mark.parametrize("signal", [{"evidence": 100.0}, {"suspicion": 10.0}])
def test_a_crossing_survives_thinning(limit, crossing, signal):
    """The one point that reaches its line is kept, whichever line it is, and the last one too."""
    points = [point(n, **(signal if n == crossing else {})) for n in range(100)]
    kept = thinned(points, limit)
    assert len(kept) <= limit
    assert points[crossing] in kept
    assert kept[-1] is points[-1]
    assert kept == sorted(kept, key=lambda each: each.position)


def test_a_limit_without_room_is_refused():
    """Fewer than two points are no curve."""
    with pytest.raises(ValueError, match="at least 2"):
        thinned([], 1)
