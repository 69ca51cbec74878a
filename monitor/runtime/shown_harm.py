"""Harm that a scorer sees by itself, without Postgres."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHarm:
    """Hard faults of the version that answers, beyond the line 1/α.

    Args:
        adapter: version that gave the answers under `epoch`; `None` is the base model.
        evidence: of faults alone, with their weight in the policy.
        answers, faults: how many were seen, and how many of them were faulty.
    """

    deployment: str
    adapter: str | None
    epoch: int
    evidence: float
    answers: int
    faults: int
