"""What versions and numbers are called where people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from rollback.versions import AdapterVersion

BASE_MODEL = "base model"


def version_label(name: str | None, labels: Mapping[str, str] | None = None) -> str:
    """Return what people call a version: its label where it has one, else its name.

    >>> version_label("support@3f9a2c1d7b04", {"support@3f9a2c1d7b04": "v1"})
    'support@v1'
    >>> version_label(None)
    'base model'
    """
    if name is None:
        return BASE_MODEL
    label = (labels or {}).get(name)
    return f"{name.partition('@')[0]}@{label}" if label else name


def labels_of(versions: Sequence[AdapterVersion]) -> dict[str, str]:
    """Return the label of every version that has one, by name."""
    return {version.name: version.label for version in versions if version.label}


def moment(at: datetime | None) -> str:
    """Return a time for a table: `2026-03-01 12:30:05 UTC`, or a dash."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "–"


def duration(span: timedelta | None) -> str:
    """Return a span in the unit that fits it.

    >>> duration(timedelta(milliseconds=12)), duration(timedelta(seconds=3.21))
    ('12 ms', '3.2 s')
    >>> duration(timedelta(minutes=5)), duration(timedelta(hours=30))
    ('5 min', '30 h')
    """
    if span is None:
        return "–"
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def between_ends(ends: tuple[float, float] | None) -> str:
    """Return an interval for a table, or a dash.

    >>> between_ends((0.012, 0.0934)), between_ends(None)
    ('0.012 to 0.093', '–')
    """
    return "–" if ends is None else f"{number(ends[0])} to {number(ends[1])}"


def number(value: float | None) -> str:
    """Return a number short enough for a table.

    >>> number(0.0421), number(3.0), number(123456.0), number(2.5e17), number(None)
    ('0.042', '3', '123,456', '2.5e+17', '–')
    """
    if value is None:
        return "–"
    if value == 0 or 100 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.2g}" if abs(value) < 1 or abs(value) >= 1e9 else f"{value:.3g}"
