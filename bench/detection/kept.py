"""Results that were measured before: on disk, by what they were measured with.

A benchmark that is interrupted, or run again with more seeds, goes on where it stopped. Results of
other code, data or settings have another digest, and are never read.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
_FOLDER = ROOT / ".cache" / "bench"
_EVERY_S = 5.0  # between two lines of progress


class Kept:
    """Results of one benchmark under one digest, one JSON object a line, by key.

    Args:
        name: of the benchmark.
        sources: files or folders of the project that the results depend on.
        settings: what else they depend on.
    """

    def __init__(self, name: str, sources: Sequence[str], settings: object = None) -> None:
        hasher = hashlib.sha256(repr(settings).encode())
        for path in sorted(found for source in sources for found in _files(ROOT / source)):
            hasher.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
        self._path = _FOLDER / name / f"{hasher.hexdigest()[:16]}.jsonl"
        self._results: dict[str, Any] = dict(_lines(self._path))

    def __contains__(self, key: str) -> bool:
        return key in self._results

    def __getitem__(self, key: str) -> Any:
        return self._results[key]

    def add(self, key: str, result: Any) -> None:
        """Keep a result that JSON can say."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "result": result}) + "\n")
        self._results[key] = result


def measured(
    kept: Kept, measure: Callable[[T], Any], items: Sequence[T], *, jobs: int, label: str
) -> list[Any]:
    """Return what `measure` gives for each item, measured now where it is not kept.

    Args:
        measure: a function of a module, so that other processes find it; its result is JSON.
        items: with a `repr` that says all that the result depends on.
        jobs: processes that measure; 1 is this one alone.
    """
    missing = [item for item in items if repr(item) not in kept]
    for item, result in zip(
        missing, told(_mapped(measure, missing, jobs), len(missing), label), strict=True
    ):
        kept.add(repr(item), result)
    return [kept[repr(item)] for item in items]


def told(results: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Yield the results, and say now and then how many there are."""
    started = spoken = time.monotonic()
    for count, result in enumerate(results, 1):
        yield result
        now = time.monotonic()
        if now - spoken >= _EVERY_S or count == total:
            spoken, left = now, (now - started) / count * (total - count)
            print(f"{label}: {count} of {total}, {left:.0f} s left", file=sys.stderr, flush=True)


def _mapped(measure: Callable[[T], Any], items: Sequence[T], jobs: int) -> Iterator[Any]:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when a new process imports numpy
    if jobs == 1:
        yield from map(measure, items)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(measure, items)


def _files(source: Path) -> list[Path]:
    return sorted(source.rglob("*.py")) if source.is_dir() else [source]


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield what a file keeps; a line that was cut off in writing is passed over."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        yield row["key"], row["result"]
