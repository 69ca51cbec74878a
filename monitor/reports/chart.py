"""The evidence curve as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

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
    # Imported here: matplotlib takes most of a second, and only reports need it. Agg is named
    # by its canvas, without pyplot's global state, so that threads may draw at the same time.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    times = date2num([point.at for point in points])
    series = (
        ("evidence", _EVIDENCE, [p.evidence for p in points], [p.line for p in points]),
        (
            "suspicion",
            _SUSPICION,
            [p.suspicion for p in points],
            [p.suspicion_line for p in points],
        ),
    )
    for name, colour, values, lines in series:
        axes.plot(times, [_drawable(v) for v in values], color=colour, label=name, linewidth=1.6)
        axes.plot(times, lines, color=colour, linestyle="--", linewidth=1, label=f"{name}: line")
    axes.set_yscale("log")
    axes.xaxis_date()
    axes.xaxis.set_major_locator(locator := AutoDateLocator())
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.tick_params(colors=_GREY, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GREY)
    axes.legend(loc="upper left", fontsize=8, frameon=False, labelcolor=_GREY)
    picture = BytesIO()
    FigureCanvasAgg(figure).print_figure(picture, format="png", transparent=True)
    return picture.getvalue()


def _drawable(value: float) -> float:
    """Keep a value on the paper: evidence may be zero, and may overflow."""
    return min(max(value, _FLOOR), _CEILING)
