"""The numbers of a decision in words, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.reports.names import number

_WORDS: Mapping[str, str] = {
    "evidence": "evidence of harm",
    "line": "line of evidence (1/α)",
    "suspicion": "suspicion: drift against the reference",
    "suspicion_line": "line of suspicion",
    "traffic": "change of the prompts",
    "position": "answers judged",
    "faults": "faults",
    "golden": "golden runs",
    "pairs": "pairs and grades",
    "recent_rollbacks": "rollbacks within the window",
    "max_rollbacks": "most rollbacks within the window",
    "capped": "answers beyond their callers' share, not counted",
}
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A number of a decision; `name` is its path, `meaning` what it is in words."""

    name: str
    meaning: str
    value: str


def explained(evidence: Mapping[str, Any]) -> list[Fact]:
    """Return the numbers of a decision, those of a channel below their own heading."""
    return [
        Fact(name=path, meaning=_meaning(path), value=_spelt(value))
        for path, value in _flat(evidence, "")
    ][:_MOST]


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _flat(below, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, below in enumerate(value):
            yield from _flat(below, f"{path}[{index}]")
    else:
        yield path, value


def _meaning(path: str) -> str:
    channel, _, name = path.rpartition(".")
    words = _WORDS.get(name, name.replace("_", " "))
    return f"{channel.replace('_', ' ')}: {words}" if channel else words


def _spelt(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(float(value))
    return "–" if value is None else str(value)
