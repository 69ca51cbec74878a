"""Attribution: whose fault a bad number is, as far as the numbers tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Cause(Enum):
    """Where a harm comes from."""

    ADAPTER = "adapter"  # means that the version itself is worse than its baseline
    TRAFFIC = "traffic"  # means that the prompts have changed
    ENGINE = "engine"  # means that whatever runs on the engine is hit
    BASE_MODEL = "base model"  # means that the model under the adapters is another one
    UNKNOWN = "unknown"  # means that there is nothing to tell it by


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What there is to tell a cause by.

    Args:
        is_paired: whether the harm was shown on the same prompts and engine as the baseline's.
        baseline_hit: whether the baseline is hit at the same time; `None` if it does not answer.
        others: other deployments on the engine that have values now; others_hit: of those, hit.
        traffic: change of the prompts, over its own line; both ≥ 0.
        base_changed: whether the base model gives other answers to the probes than it gave when
            they were stored; `None` if it was not asked.
        since_promotion: whether the version was bad from its first minute on, and the baseline was
            not before; `None` if it is not known.
    """

    is_paired: bool = False
    baseline_hit: bool | None = None
    others: int = 0
    others_hit: int = 0
    traffic: float = 0.0
    traffic_line: float = math.inf
    base_changed: bool | None = None
    since_promotion: bool | None = None

    @property
    def has_new_traffic(self) -> bool:
        """Whether the prompts have changed beyond doubt."""
        return math.isfinite(self.traffic) and self.traffic >= self.traffic_line

    @property
    def is_everywhere(self) -> bool:
        """Whether most other deployments on the engine are hit too."""
        return 2 * self.others_hit > self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A cause, why it is that one, and the numbers that told."""

    cause: Cause
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


def attribute(clues: Clues) -> Attribution:
    """Return where a harm comes from.

    What speaks against the adapter must be measured: against the baseline at the same time, or
    against the other deployments, or by a harm that began with the version. What excuses it is
    looked at first.
    """
    cause, reason = _cause(clues)
    return Attribution(cause=cause, reason=reason, numbers=_numbers(clues))


def _cause(clues: Clues) -> tuple[Cause, str]:
    if clues.base_changed:
        return Cause.BASE_MODEL, "the base model answers the probes otherwise than it did"
    if clues.is_paired:
        return Cause.ADAPTER, "the baseline does better on the same prompts and engine"
    if clues.is_everywhere:
        return (
            Cause.ENGINE,
            f"{clues.others_hit} of {clues.others} other deployments on the engine are hit too",
        )
    if clues.baseline_hit:
        return _shared(clues)
    if clues.baseline_hit is False:
        return Cause.ADAPTER, "the baseline on the same engine is not hit"
    return _alone(clues)


def _shared(clues: Clues) -> tuple[Cause, str]:
    if clues.has_new_traffic:
        return Cause.TRAFFIC, "the prompts have changed, and the baseline is hit at the same time"
    return Cause.ENGINE, "the baseline on the same engine is hit at the same time"


def _alone(clues: Clues) -> tuple[Cause, str]:
    """Return the cause where the baseline does not answer beside the version."""
    if clues.has_new_traffic:
        return Cause.TRAFFIC, "the prompts have changed, and the baseline does not answer now"
    if clues.others:
        return (
            Cause.ADAPTER,
            f"{clues.others - clues.others_hit} of {clues.others} other deployments on the engine "
            "are not hit, and the prompts have not changed",
        )
    if clues.since_promotion:
        return Cause.ADAPTER, "it began with the version, and the prompts have not changed"
    return Cause.UNKNOWN, "neither the baseline nor another deployment answers beside it"


def _numbers(clues: Clues) -> Mapping[str, Any]:
    return {
        "paired": clues.is_paired,
        "baseline_hit": clues.baseline_hit,
        "others": clues.others,
        "others_hit": clues.others_hit,
        "traffic": clues.traffic,
        "traffic_line": clues.traffic_line,
        "base_changed": clues.base_changed,
        "since_promotion": clues.since_promotion,
    }
