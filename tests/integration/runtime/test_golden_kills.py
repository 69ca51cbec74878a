"""Golden runs whose process is killed: the next one goes on, and ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine as Database

from monitor.ports.golden import GoldenRun, RunStatus
from monitor.ports.stores import Stores
from tests.integration.runtime import golden_runner
from tests.integration.runtime.house import NAME, import_golden

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_TIMES = ("operations", "latency_mean_s")


@pytest.mark.parametrize(
    ("kills", "cases", "seed"), [(3, 40, 1), pytest.param(20, 160, 2, marks=pytest.mark.chaos)]
)
async def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(
    stores: Stores, engine: Database, database_url: str, kills: int, cases: int, seed: int
) -> None:
    """No case is graded twice, and differences, sums and verdict are those of one go."""
    import_golden(stores, cases)
    chance = random.Random(seed)
    told = [line for _ in range(kills) for line in await killed(database_url, chance)]
    told += await killed(database_url, None)
    (run,) = await asyncio.to_thread(stores.golden.runs, NAME)
    assert (run.status, run.position) == (RunStatus.FINISHED, cases)
    assert written(engine, run) == {(2 * cases, 2 * cases)}
    most = Counter(told).most_common(1)[0][1]
    assert most <= 1 + kills  # what was under way when it was killed is asked again, never more
    assert len(told) <= 2 * cases + kills * 8  # a chunk of four cases and two versions
    assert told_of(run) == told_of(await in_one_go(stores, engine, run))


async def killed(url: str, chance: random.Random | None) -> list[str]:
    """Return what a process has told until it was killed in the midst of it, or ended well."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", golden_runner.__name__, url, "0.01"),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    told: list[str] = []
    wanted = None if chance is None else chance.randrange(20)
    async for line in process.stdout:
        told.append(line.decode())
        if wanted is not None and len(told) > wanted:
            process.kill()
            wanted = None
    status = await process.wait()
    assert status in ((0,) if chance is None else (0, -9))
    return told


def written(engine: Database, run: GoldenRun) -> set[tuple[int, int]]:
    """Return how many results there are, and of how many cases and versions."""
    counted = text(
        "SELECT count(*), count(DISTINCT (version, case_id)) FROM golden_results WHERE run = :run"
    )
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(counted, {"run": run.id})}


async def in_one_go(stores: Stores, engine: Database, run: GoldenRun) -> GoldenRun:
    """Do the same run anew, in the same order, without an end between."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM golden_runs"))
    anew = replace(
        run, status=RunStatus.RUNNING, verdict=None, finished_at=None, summary={}, position=0
    )
    await asyncio.to_thread(stores.golden.save_run, anew, {})
    await golden_runner.work(stores, 0.0, tells=False)
    (done,) = await asyncio.to_thread(stores.golden.runs, NAME)
    return done


def told_of(run: GoldenRun) -> dict[str, Any]:
    """Return what a run says, but for what it took."""
    kept = {name: value for name, value in run.summary.items() if name not in _TIMES}
    return {**kept, "verdict": run.verdict, "position": run.position}
