"""The evidence curve with few enough points to draw."""

from __future__ import annotations

from collections.abc import Sequence

from rollback.evidence import EvidencePoint


def thinned(points: Sequence[EvidencePoint], limit: int) -> list[EvidencePoint]:
    """Return at most `limit` points with the same shape: of each run of neighbours the highest.

    Height is what is nearest to its line, so that no crossing is ever thinned away. The newest
    point always stays.

    Raises:
        ValueError: if `limit` is less than 2.
    """
    if limit < 2:
        raise ValueError(f"limit must be at least 2, not {limit}")
    if len(points) <= limit:
        return list(points)
    *earlier, last = points
    width = -(-len(earlier) // (limit - 1))
    runs = (earlier[start : start + width] for start in range(0, len(earlier), width))
    return [max(run, key=_height) for run in runs] + [last]


def _height(point: EvidencePoint) -> float:
    return max(point.evidence / point.line, point.suspicion / point.suspicion_line)
