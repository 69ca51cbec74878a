"""The numbers that a decision is kept with, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollback.attribution import Attribution
from rollback.canonical import plain
from rollback.evidence import EvidencePoint
from rollback.policy import Policy
from rollback.shown_harm import ShownHarm
from rollback.situation import Situation


def numbers_of(
    point: EvidencePoint | None,
    situation: Situation,
    policy: Policy,
    harm: ShownHarm | None,
    rollbacks_in_window: int,
) -> Mapping[str, Any]:
    """Return what a decision was made by; a number that JSON does not know is a word."""
    numbers: dict[str, Any] = {
        "line": policy.line,
        "suspicion_line": policy.suspicion_line,
        "rollbacks_in_window": rollbacks_in_window,
        "breaches": [str(breach) for breach in situation.breaches],
        "unjudged": [f"{each.threshold}: {each.reason}" for each in situation.unjudged],
        "attribution": None if harm is None else _attribution(harm.attribution),
    }
    if point is not None:
        numbers |= {
            "evidence": point.evidence,
            "suspicion": point.suspicion,
            "traffic": point.traffic,
            "capped": point.capped,
            "position": point.position,
            "channels": dict(point.channels),
        }
    clean: Mapping[str, Any] = plain(numbers)
    return clean


def _attribution(attribution: Attribution) -> Mapping[str, Any]:
    return {
        "cause": attribution.cause.value,
        "reason": attribution.reason,
        "numbers": attribution.numbers,
    }
