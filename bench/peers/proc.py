"""What /proc tells of a program's processes: CPU seconds, memory, and what they have mapped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_MB = 1024.0  # smaps_rollup and status count in kB


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Of one process, in MB: resident, and its proportional share of what it shares."""

    rss: float
    pss: float


def family(pid: int) -> list[int]:
    """Return a process and all below it, parents first."""
    found = [pid]
    for parent in found:
        found.extend(_children(parent))
    return found


def _children(pid: int) -> Iterator[int]:
    for task in _listed(Path(f"/proc/{pid}/task")):
        try:
            yield from map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it has just ended


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of one process until now; 0 once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_mb(pid: int) -> float:
    """Return the resident memory of one process in MB; cheap enough to be asked often."""
    return _field(Path(f"/proc/{pid}/status"), "VmRSS:")


def memory(pid: int) -> Memory:
    """Return the memory of one process."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    return Memory(rss=_field(rollup, "Rss:"), pss=_field(rollup, "Pss:"))


def _field(path: Path, key: str) -> float:
    for line in path.read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / _MB
    raise ValueError(f"{path} has no {key}")


def maps(pid: int, word: str) -> bool:
    """Whether a process has mapped a file whose path has a word in it."""
    return word in Path(f"/proc/{pid}/maps").read_text()


def cpu_of(groups: Mapping[str, list[int]]) -> dict[str, float]:
    """Return the CPU seconds of named groups of processes until now."""
    return {name: sum(map(cpu_seconds, pids)) for name, pids in groups.items()}
