"""The policy of a deployment: budgets, limits and what may be done by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rollback import fields, rules, windows
from rollback.budgets import parse_budget
from rollback.durations import parse_duration
from rollback.errors import PolicyError
from rollback.thresholds import Threshold
from rollback.windows import Maintenance

DEFAULT_WEIGHTS: Mapping[str, float] = {"faults": 0.5, "golden": 0.25, "pairs": 0.25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """How many people must approve what is only proposed until then.

    Args:
        rollback, promotion: different tokens that must say yes; 0 asks nobody. What older releases
            wrote as true is 1.
    """

    rollback: int | bool = 0
    promotion: int | bool = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a deployment tolerates. The defaults work as they are.

    Args:
        line: 1/α of `false_rollback_budget`: evidence at or above it rolls back. The mean number
            of exchanges between false rollbacks is at least this.
        suspicion_line: 1/α for drift, which only raises suspicion. P(alarm within n exchanges) is
            at most n·α; the mean number between false alarms is at least half of 1/α.
        margin: by how much of a grade (0 to 1) the active version may be worse; δ.
        fault_rate_tolerated: share of faulty answers that is no harm, in (0, 1).
        reference_size: answers that are frozen as the reference of a version.
        caller_share_cap: share of the answers that count that one caller may be, in (0, 1], unless it
            was more than half of that in the reference. What one caller may be above
            `fault_rate_tolerated`, it can turn into a rollback.
        min_golden_cases: fewer cases leave a golden run inconclusive.
        first_version_floor: mean golden grade that a version needs where there is nothing to
            compare it with.
        drift_may_roll_back: whether drift alone, which has no sign, may roll back. Then what is said
            of `suspicion_line` holds for `line`: its run length is at least half of 1/α.
        max_rollbacks: within `rollback_window`; one more freezes the deployment instead.
        cool_down: after a rollback, for how long no second one follows by itself.
        base_model_as_last_resort: whether the base model may serve when no good version is left.
        dry_run: whether decisions are only told, not carried out.
        weights: of the harm channels in the evidence; they sum to 1.
        thresholds: rules on indicators.
        approval: what a person must approve before it is done.
        maintenance: when nothing is changed by itself.
    """

    line: float = 100_000.0
    suspicion_line: float = 1_000.0
    margin: float = 0.05
    fault_rate_tolerated: float = 0.05
    reference_size: int = 150
    caller_share_cap: float = 0.05
    min_golden_cases: int = 20
    first_version_floor: float = 0.5
    drift_may_roll_back: bool = False
    max_rollbacks: int = 3
    rollback_window: timedelta = timedelta(hours=24)
    cool_down: timedelta = timedelta(minutes=5)
    base_model_as_last_resort: bool = False
    dry_run: bool = False
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    thresholds: tuple[Threshold, ...] = ()
    approval: Approval = field(default_factory=Approval)
    maintenance: Maintenance = field(default_factory=Maintenance)


def parse(mapping: Mapping[str, Any]) -> Policy:
    """Return the policy that a mapping describes; keys that are not there keep their defaults.

    Raises:
        PolicyError: for the first key that is unknown or whose value cannot be used.
    """
    if not isinstance(mapping, Mapping):
        raise PolicyError("policy", "must be a mapping of keys to values")
    return Policy(**fields.read(mapping, _FIELDS))


def mistakes(mapping: Mapping[str, Any]) -> Iterator[PolicyError]:
    """Yield what is wrong with a mapping, one mistake for each of its keys at most."""
    for key, value in mapping.items():
        try:
            parse({key: value})
        except PolicyError as error:
            yield error


def _weights(value: object) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        raise ValueError(f"must map the channels {', '.join(DEFAULT_WEIGHTS)} to weights")
    for channel in value:
        if channel not in DEFAULT_WEIGHTS:
            raise ValueError(
                f"channel {channel!r} is unknown; {fields.advice(str(channel), DEFAULT_WEIGHTS)}"
            )
    weights = {channel: fields.share(value.get(channel, 0)) for channel in DEFAULT_WEIGHTS}
    total = math.fsum(weights.values())
    if not math.isclose(total, 1, abs_tol=1e-9):
        raise ValueError(f"the weights sum to {total:g}; make them sum to 1")
    return weights


def _approval(value: object) -> Approval:
    if not isinstance(value, Mapping):
        raise ValueError(
            "must be a mapping of 'rollback' and 'promotion' to true, false or a number of people"
        )
    return Approval(**fields.read(value, _APPROVAL_FIELDS, at="approval."))


_APPROVAL_FIELDS: Mapping[str, tuple[str, fields.Reader]] = {
    "rollback": ("rollback", fields.people),
    "promotion": ("promotion", fields.people),
}

_FIELDS: Mapping[str, tuple[str, fields.Reader]] = {
    "false_rollback_budget": ("line", parse_budget),
    "suspicion_budget": ("suspicion_line", parse_budget),
    "margin": ("margin", fields.share),
    "fault_rate_tolerated": ("fault_rate_tolerated", fields.open_share),
    "reference_size": ("reference_size", fields.count),
    "caller_share_cap": ("caller_share_cap", fields.positive_share),
    "min_golden_cases": ("min_golden_cases", fields.count),
    "first_version_floor": ("first_version_floor", fields.share),
    "drift_may_roll_back": ("drift_may_roll_back", fields.boolean),
    "max_rollbacks": ("max_rollbacks", fields.count),
    "rollback_window": ("rollback_window", fields.period),
    "cool_down": ("cool_down", parse_duration),
    "base_model_as_last_resort": ("base_model_as_last_resort", fields.boolean),
    "dry_run": ("dry_run", fields.boolean),
    "weights": ("weights", _weights),
    "thresholds": ("thresholds", rules.parse),
    "approval": ("approval", _approval),
    "maintenance": ("maintenance", windows.parse),
}
