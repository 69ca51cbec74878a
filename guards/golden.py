"""Golden cases, their results, and the paired comparison of two versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guards.exchange import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCase:
    """One case of a regression test set.

    Args:
        id: unique within the set.
        expectation: `{"kind": "json", "value": {...}}` and the like; see `guards.grading`.
        slice: group that is reported by itself.
        weight: at least 0.
        critical: whether a failure of this case alone refuses a version.
    """

    id: str
    messages: tuple[Message, ...]
    expectation: Mapping[str, Any]
    slice: str = ""
    weight: float = 1.0
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenResult:
    """What one version answered to one case. Grades in [0, 1]: as is, and after normalising."""

    case_id: str
    output: str
    raw: float
    grade: float
    latency_s: float
    error: str | None = None
