"""The demo's story over many seeds: exposure of the bad version, false rollbacks of the good ones.

Each telling is the whole story with a service and a database of its own; the seed changes the
customers' messages. Trivial baselines beside it, from the same figures: *never alarm* leaves the
bad version in place (every answer of it counts, here as many as a good version gave), and
*threshold* is the usual monitor: 5 minutes above a limit before anything happens (Argo Rollouts'
documented default analysis), at the same rate of requests.

    make bench-story ARGS="--seeds 20"
"""

from __future__ import annotations

import asyncio
import statistics
from typing import Any

from bench import output
from monitor.cli.client import Client
from monitor.cli.demo import train
from monitor.config import default_data_dir
from monitor.demo import cast, show
from monitor.demo.figures import Figures
from monitor.demo.stage import Stage

_RATE = 20.0
_FIVE_MINUTES_S = 300


def main() -> None:
    """Run the benchmark and print its table."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    root = default_data_dir() / "demo"
    versions = cast.train_missing(root, train, lambda words: None)
    told = [asyncio.run(_tell(root, versions, seed)) for seed in range(1, asked.seeds + 1)]
    rows = [_row(figures) for figures in told]
    output.show("The story, by seed", rows, _notes(told), asked.json)


async def _tell(root: Any, versions: Any, seed: int) -> Figures:
    return await show.run(
        show.Setting(root=root, versions=versions, seed=seed, rate=_RATE, stay=False),
        operator=_operator,
        say=lambda words: None,
        finish=lambda figures: None,
    )


def _operator(stage: Stage) -> Client:
    return Client(url=stage.url, token=stage.token("operator"))


def _row(figures: Figures) -> dict[str, Any]:
    return {
        "seed": figures.seed,
        "exposure": figures.exposure,
        "to suspicion s": figures.to_suspicion_s or float("nan"),
        "to decision s": figures.to_decision_s,
        "to last replica s": figures.to_last_replica_s,
        "to proof s": figures.to_proof_s,
        "false rollbacks": figures.false_rollbacks,
        "late": figures.late,
        "proved": figures.phase,
    }


def _notes(told: list[Figures]) -> list[str]:
    exposures = [figures.exposure for figures in told]
    never = statistics.median(figures.answers["v3"] for figures in told)
    return [
        f"exposure: median {statistics.median(exposures):g} (bar: at most 20), "
        f"{min(exposures)} to {max(exposures)}",
        f"false rollbacks of v1 and v3: {sum(f.false_rollbacks for f in told)} (bar: 0)",
        f"never alarm: {never:g} answers until this story's end, and on for ever",
        f"threshold for 5 minutes: {_RATE * _FIVE_MINUTES_S:g} answers",
    ]


if __name__ == "__main__":
    main()
