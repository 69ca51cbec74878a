"""Runs a pilot cell by cell, each in a process of its own, and keeps each in a file."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from monitor.adaptation.pilot import measuring
from monitor.adaptation.pilot.plan import Cell, Plan
from monitor.errors import BadRequest

Told = Callable[[Cell, int, int], None]
Measured = Mapping[str, Any]


def run(
    plan: Plan, out: Path, *, jobs: int = 1, on_cell: Told = lambda cell, done, of: None
) -> Sequence[Measured]:
    """Measure what is not kept yet under `out`, and return all cells in the plan's order.

    A cell's process begins with the libraries loaded and nothing else, so peak memory is its own.
    A pilot that was killed goes on: whole cells are kept, and a training goes on from its last
    checkpoint. Cells of other examples or another base lie in another folder.

    Args:
        on_cell: gets a finished cell, how many are finished, and how many there are.

    Raises:
        BadRequest: if a cell's process is killed, as when memory runs out.
    """
    folder = out / "cells" / plan.key
    folder.mkdir(parents=True, exist_ok=True)
    cells = list(plan.cells())
    missing = [cell for cell in cells if not _file(folder, cell).exists()]
    done = len(cells) - len(missing)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([measuring.__name__])
    with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
        waiting: dict[Future[None], Cell] = {
            pool.submit(_kept, plan, cell, folder): cell for cell in missing
        }
        for finished in as_completed(waiting):
            _raise_if_killed(finished)
            done += 1
            on_cell(waiting[finished], done, len(cells))
    return [json.loads(_file(folder, cell).read_text("utf-8")) for cell in cells]


def _kept(plan: Plan, cell: Cell, folder: Path) -> None:
    """Measure a cell and keep it, whole or not at all."""
    told = measuring.measure(plan, cell, folder)
    file = _file(folder, cell)
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    os.replace(draft, file)


def _raise_if_killed(finished: Future[None]) -> None:
    try:
        finished.result()
    except BrokenProcessPool as error:
        raise BadRequest(
            "a measurement was killed, perhaps for memory; give the same command again to go on, "
            "with fewer --jobs"
        ) from error


def _file(folder: Path, cell: Cell) -> Path:
    return folder / f"{cell.name}.json"
