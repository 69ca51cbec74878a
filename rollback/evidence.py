"""Evidence: how much has been won betting that the active adapter is no worse than its baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

DRIFT = "drift."  # before the name of the channel that leads the suspicion
TRAFFIC = "traffic."  # before that of the channel in which the prompts have changed most


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePoint:
    """The evidence of a deployment after one exchange: what the dashboard draws.

    Args:
        position: exchanges of this epoch that have been judged.
        suspicion: drift, over its own line; evidence: harm, over the line 1/α. Both ≥ 0.
        traffic: change of the prompts, which says nothing about the version; its line is that of
            suspicion.
        capped: answers of this epoch that did not count, for their callers had their share.
    """

    deployment: str
    adapter: str | None
    epoch: int
    position: int
    at: datetime
    suspicion: float
    suspicion_line: float
    evidence: float
    line: float
    channels: Mapping[str, float] = field(default_factory=dict)
    traffic: float = 0.0
    capped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeState:
    """Where a deployment's judge stands; saved with the rows that it has read."""

    deployment: str
    epoch: int
    position: int
    state: Mapping[str, Any]  # JSON
