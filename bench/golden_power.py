"""How golden runs are compared: `python -m bench.golden_power [--json] [--orders N] [--years N]`.

Early stopping on four real models' answers; power beside McNemar's test and an unpaired z-test; and
nightly runs of an unchanged version. The power curve is drawn into `.artefacts/golden-power.png`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import output
from bench.comparison import nights, power, stopping
from guards.trial import SHOWN, SHOWN_REPEATED

_PICTURE = Path(__file__).parents[1] / ".artefacts" / "golden-power.png"


def main() -> None:
    """Measure, and print tables or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--years", type=int, default=1000)
    options = parser.parse_args()
    began = time.perf_counter()
    stopped = stopping.rows(options.orders)
    output.show(
        "Early stopping (gsm8k)",
        stopped,
        [
            f"α = {1 / SHOWN:.3f} each way; {options.orders:,} orders a row.",
            *stopping.pooled(stopped, options.orders),
            "Limits are exact upper 95 % limits.",
        ],
        options.json,
    )
    curves = power.curves()
    draw(curves, _PICTURE)
    output.show(
        "Runs that say worse",
        power.rows(curves),
        [f"α = {power.ALPHA}, no margin, one-sided, 1,000 runs; the picture is {_PICTURE.name}."],
        options.json,
    )
    budget = nights.NIGHTS / SHOWN_REPEATED
    output.show(
        f"Nightly runs of {nights.CASES} cases, a fifth of them flaky",
        nights.rows(options.years),
        [
            f"Budget: {budget:.2%} of years; limits are exact upper 95 % limits.",
            f"All in {time.perf_counter() - began:.0f} s.",
        ],
        options.json,
    )


def draw(curves: Mapping[int, Mapping[str, NDArray[np.float64]]], file: Path) -> None:
    """Draw the share of runs that say "worse" over the number of cases, a panel a regression."""
    from matplotlib.figure import Figure

    panels = [points for points in curves if points]
    figure = Figure(figsize=(3.2 * len(panels), 3.2), layout="constrained")
    for axes, points in zip(figure.subplots(1, len(panels), sharey=True), panels, strict=True):
        for name in ("betting", "McNemar exact", "unpaired z"):
            axes.plot(curves[points][name], label=name)
        axes.set(
            title=f"{points} points worse" if points > 1 else "1 point worse",
            xlabel="cases",
            ylim=(0, 1),
        )
        axes.axhline(power.ALPHA, color="grey", linewidth=0.8)
    figure.axes[0].set_ylabel("share of runs that say worse")
    figure.axes[0].legend(frameon=False, fontsize=8)
    file.parent.mkdir(exist_ok=True)
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    main()
