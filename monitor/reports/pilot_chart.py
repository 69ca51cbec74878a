"""The pilot's charts: quality over examples, and quality over the cost to make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any

_COLOURS = ("#3b82f6", "#d99a1c", "#23804a", "#c0362c", "#7c5cd6", "#0e8f9b", "#8a5a2b", "#626a76")
_PROMPTS = ("bare", "few-shot")

Row = Mapping[str, Any]


def over_examples_png(rows: Sequence[Row]) -> bytes:
    """Return a PNG of quality with its interval by number of examples; prompts are flat lines."""
    return _drawn(rows, lambda row: float(row["size"]), "examples")


def over_cost_png(rows: Sequence[Row], currency: str | None) -> bytes:
    """Return a PNG of quality by money to make, or by seconds of training without prices."""
    if currency is None:
        return _drawn(rows, lambda row: float(row["cost"]["seconds"]), "seconds of training")
    return _drawn(rows, lambda row: float(row["money"]["to_make"]), currency)


def _drawn(rows: Sequence[Row], place: Callable[[Row], float], unit: str) -> bytes:
    # Imported here: matplotlib takes most of a second, and only reports need it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    whole = [row for row in rows if "failed" not in row]
    for colour, arm in zip(_COLOURS * 2, dict.fromkeys(row["arm"] for row in whole), strict=False):
        own = [row for row in whole if row["arm"] == arm]
        means = [row["quality"]["mean"] for row in own]
        if arm in _PROMPTS:
            axes.axhline(means[0], color=colour, linestyle="--", linewidth=1, label=arm)
            continue
        spread = [
            [row["quality"]["mean"] - row["quality"]["low"] for row in own],
            [row["quality"]["high"] - row["quality"]["mean"] for row in own],
        ]
        places = [place(row) for row in own]
        axes.errorbar(places, means, yerr=spread, color=colour, marker="o", capsize=3, label=arm)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(unit, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()
