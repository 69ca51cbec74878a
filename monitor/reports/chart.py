"""The evidence curve as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import groupby
from typing import Any

from rollback.evidence import EvidencePoint

_FLOOR, _CEILING = 1e-2, 1e30
_GREY = "#8a919c"  # readable on white and on black: the picture itself is transparent
_EVIDENCE, _SUSPICION = "#3b82f6", "#d99a1c"


def evidence_png(points: Sequence[EvidencePoint]) -> bytes:
    """Return a transparent PNG of evidence and suspicion against their lines, on a log scale.

    Raises:
        ValueError: if there is no point to draw.
    """
    if not points:
        raise ValueError("no evidence to draw")
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

    figure = _figure(height=3)
    axes = figure.add_subplot()
    for epoch in _epochs(points):
        _plot(axes, date2num([point.at for point in epoch]), epoch)
    axes.xaxis_date()
    axes.xaxis.set_major_locator(locator := AutoDateLocator())
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    _style(axes)
    return _png(figure)


def courses_png(
    courses: Mapping[str, tuple[Sequence[int], Sequence[EvidencePoint]]], marked: int | None
) -> bytes:
    """Return a transparent PNG with a panel for each course, by its name.

    Args:
        courses: name → (lines of a log, the point after each).
        marked: line at which to draw a mark.

    Raises:
        ValueError: if there is no course.
    """
    if not courses:
        raise ValueError("no evidence to draw")
    figure = _figure(height=2.6 * len(courses))
    panels = figure.subplots(len(courses), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, (lines, points)) in zip(panels, courses.items(), strict=True):
        if points:
            _plot(axes, lines, points)
        if marked is not None:
            axes.axvline(marked, color=_GREY, linewidth=1, linestyle=":")
        _style(axes)
        axes.text(1, 1.04, name, color=_GREY, fontsize=9, ha="right", transform=axes.transAxes)
    return _png(figure)


def _figure(*, height: float) -> Any:
    # Imported here: matplotlib takes most of a second, and only reports need it. Agg is named
    # by its canvas, without pyplot's global state, so that threads may draw at the same time.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _plot(axes: Any, places: Sequence[float], points: Sequence[EvidencePoint]) -> None:
    for colour, values, lines in _series(points):
        axes.plot(places, values, color=colour, linewidth=1.6)
        axes.plot(places, lines, color=colour, linestyle="--", linewidth=1)


def _style(axes: Any) -> None:
    axes.set_yscale("log")
    axes.tick_params(colors=_GREY, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GREY)
    for place, (name, colour) in enumerate((("evidence", _EVIDENCE), ("suspicion", _SUSPICION))):
        axes.text(0.12 * place, 1.04, name, color=colour, fontsize=9, transform=axes.transAxes)


def _png(figure: Any) -> bytes:
    picture = BytesIO()
    figure.savefig(picture, format="png", transparent=True)
    return picture.getvalue()


def _epochs(points: Sequence[EvidencePoint]) -> list[list[EvidencePoint]]:
    """Part the curve where the pointer moved: evidence begins anew there."""
    return [list(group) for _, group in groupby(points, key=lambda point: point.epoch)]


def _series(epoch: Sequence[EvidencePoint]) -> Iterator[tuple[str, list[float], list[float]]]:
    """Yield the colour, the curve and its line of evidence and of suspicion."""
    yield _EVIDENCE, [_drawable(p.evidence) for p in epoch], [p.line for p in epoch]
    yield _SUSPICION, [_drawable(p.suspicion) for p in epoch], [p.suspicion_line for p in epoch]


def _drawable(value: float) -> float:
    """Keep a value on the paper: evidence may be zero, and may overflow."""
    return min(max(value, _FLOOR), _CEILING)
