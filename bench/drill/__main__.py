"""Seven spoilt kinds × evidence: `python -m bench.drill [--json] [--prompts N] [--kinds K …]`.

The demo's v3 is spoilt in each way and put through the service's own drill on the local engine:
loading checks, fingerprint, golden gate (60 tickets, against v3), and the shadow of customers'
messages under the demo's policy and schema, without grades. 60 messages are v3's reference. Figures
are answers of the spoilt version until each means spoke, by itself and at its own weight.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bench import output
from guards.exchange import Message
from monitor.cli.demo import train
from monitor.config import default_data_dir
from monitor.demo import cast, task, traffic
from monitor.engines.base_files import read_base
from monitor.engines.local import LocalEngine
from monitor.ports.drills import Drill, Means
from monitor.ports.versions import AdapterSource
from monitor.runtime.drills.answering import Prompt
from monitor.runtime.drills.sitting import Scene, Sitting
from monitor.runtime.text_grader import TextGrader
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.spoiling import StoredSpoiler
from rollback.policy import Policy
from rollback.spoilt_kind import Kind

_USUAL = 60


def main() -> None:
    """Hold the drills, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--kinds", nargs="*", default=[kind.value for kind in Kind])
    parser.add_argument("--folder", type=Path, default=default_data_dir() / "demo")
    options = parser.parse_args()
    folders = cast.train_missing(options.folder, train, lambda words: None)
    began = time.perf_counter()
    kinds = [Kind(name) for name in options.kinds]
    with tempfile.TemporaryDirectory() as scratch:
        drills = asyncio.run(_held(Path(scratch), folders["v3"], kinds, options.prompts))
    caught = sum(drill.first is not None for drill in drills)
    met = sum(drill.is_met for drill in drills)
    notes = [
        f"Stopped: {caught} of {len(drills)}; within the objective of "
        f"{drills[0].objective.answers} answers and {drills[0].objective.seconds:.0f} s: {met}.",
        "Drift has no sign: it asks for an early golden run, and stops nothing by itself.",
        f"All in {time.perf_counter() - began:.0f} s.",
    ]
    output.show("Drill", [_row(drill) for drill in drills], notes, options.json)


async def _held(root: Path, source: Path, kinds: list[Kind], prompts: int) -> list[Drill]:
    artifacts = ArtifactFolder(root / "adapters", read_base(cast.MODEL))
    taken = artifacts.take_in(
        "support",
        AdapterSource(folder=source, root=source),
        label="v3",
        parent=None,
        facts={},
        at=datetime.now(UTC),
    )
    engine = LocalEngine.open(cast.MODEL, "cpu")
    try:
        await engine.load(taken.name, artifacts.folder(taken.name))
        scene = _scene(taken.name, prompts)
        sitting = Sitting(engine=engine, spoiler=StoredSpoiler(artifacts), grader=TextGrader())
        return [await sitting.hold(scene, kind) for kind in kinds]
    finally:
        engine.close()


def _scene(active: str, prompts: int) -> Scene:
    sent = [_prompt(each) for each in islice(traffic.requests(1), _USUAL + prompts)]
    return Scene(
        deployment="support",
        active=active,
        policy=Policy(),
        cases=task.golden_set(),
        usual=sent[:_USUAL],
        prompts=sent[_USUAL:],
        schema=task.SCHEMA,
    )


def _prompt(request: traffic.Request) -> Prompt:
    return (Message(role="user", content=request.message),)


def _row(drill: Drill) -> Mapping[str, Any]:
    found = {each.by: each for each in drill.caught}
    cells = {each.value: f"{found[each].answers}" if each in found else "–" for each in Means}
    first = drill.first
    return {
        "kind": drill.kind.value,
        **cells,
        "stopped by": "missed" if first is None else first.by.value,
        "s": "–" if first is None else f"{first.seconds:.1f}",
        "proof, s": f"{drill.rollback_s:.2f}",
    }


if __name__ == "__main__":
    main()
