"""Lets the registry look at an attack, and stops the time."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from bench.registry.attack import Attack
from bench.registry.attacks import BASE, WEIGHTS, good
from monitor.errors import BadAdapter
from monitor.storage import adapter_source
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.tensor_file import StoredTensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How an attack was refused; an empty sentence if it was taken in."""

    seconds: float  # by the clock
    busy_s: float  # of a processor, child processes with it: what a busy machine does not change
    sentence: str
    left: tuple[str, ...]  # in the store


def refused(attack: Attack, folder: Path) -> Refusal:
    """Return how an attack is refused, in an empty folder."""
    attack.spoil(good(folder / "adapter"))
    return _taken(ArtifactFolder(folder / "store", BASE), folder, attack.family)


class _Meddled(ArtifactFolder):
    """Meets somebody who swaps the weights right after they were looked at."""

    def _fitting(self, file: BinaryIO, config: Mapping[str, Any]) -> Sequence[StoredTensor]:
        found = super()._fitting(file, config)
        (self._root.parent / "adapter" / WEIGHTS).write_bytes(b"other weights")
        return found


def swapped(folder: Path) -> Refusal:
    """Return how weights are refused that were swapped between their check and their copy."""
    good(folder / "adapter")
    return _taken(_Meddled(folder / "store", BASE), folder, "support")


def _taken(store: ArtifactFolder, folder: Path, family: str) -> Refusal:
    source = adapter_source.directory(folder / "adapter")
    now, start, busy = datetime.now(UTC), time.perf_counter(), _busy_s()
    sentence = ""
    try:
        store.take_in(family, source, label="", parent=None, facts={}, at=now)
    except BadAdapter as error:
        sentence = str(error).replace(str(folder), "…")
    seconds = time.perf_counter() - start
    busy = _busy_s() - busy
    left = tuple(p.name for p in (folder / "store").glob("*@*"))
    return Refusal(seconds=seconds, busy_s=busy, sentence=sentence, left=left)


def _busy_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
