"""The policy as people write it."""

from datetime import timedelta
from typing import Any

import pytest

from rollback.errors import PolicyError
from rollback.policy import Approval, Policy, mistakes, parse
from rollback.thresholds import Action, Side, Threshold
from rollback.windows import Maintenance, Window

_RULE = {"indicator": "latency_p95_s", "above": 2.5, "for": "5m", "at_least": 50, "action": "alert"}


def test_an_empty_policy_is_the_default() -> None:
    """It works without a file."""
    assert parse({}) == Policy()


def test_every_key_is_read() -> None:
    """Written out, nothing falls back to a default."""
    policy = parse(
        {
            "false_rollback_budget": "1 in 90 days at 2000 exchanges a day",
            "suspicion_budget": "1 in 500 exchanges",
            "margin": 0.1,
            "fault_rate_tolerated": 0.02,
            "reference_size": 300,
            "caller_share_cap": 0.2,
            "min_golden_cases": 30,
            "first_version_floor": 0.7,
            "drift_may_roll_back": True,
            "max_rollbacks": 2,
            "rollback_window": "12h",
            "cool_down": "10m",
            "base_model_as_last_resort": True,
            "dry_run": True,
            "weights": {"faults": 0.6, "golden": 0.4},
            "thresholds": [_RULE],
            "approval": {"rollback": True, "promotion": True},
            "maintenance": {
                "windows": [{"cron": "0 2 * * sun", "for": "2h", "timezone": "Europe/Berlin"}],
                "except_hard_faults": True,
            },
        }
    )
    assert policy == Policy(
        line=180_000.0,
        suspicion_line=500.0,
        margin=0.1,
        fault_rate_tolerated=0.02,
        reference_size=300,
        caller_share_cap=0.2,
        min_golden_cases=30,
        first_version_floor=0.7,
        drift_may_roll_back=True,
        max_rollbacks=2,
        rollback_window=timedelta(hours=12),
        cool_down=timedelta(minutes=10),
        base_model_as_last_resort=True,
        dry_run=True,
        weights={"faults": 0.6, "golden": 0.4, "pairs": 0},
        thresholds=(
            Threshold(
                indicator="latency_p95_s",
                side=Side.ABOVE,
                limit=2.5,
                lasting=timedelta(minutes=5),
                at_least=50,
                action=Action.ALERT,
            ),
        ),
        approval=Approval(rollback=True, promotion=True),
        maintenance=Maintenance(
            windows=(
                Window(cron="0 2 * * sun", lasting=timedelta(hours=2), timezone="Europe/Berlin"),
            ),
            except_hard_faults=True,
        ),
    )


@pytest.mark.parametrize(
    ("mapping", "key", "way_out"),
    [
        ({"false_rolback_budget": "x"}, "false_rolback_budget", "mean 'false_rollback_budget'"),
        ({"zzz": 1}, "zzz", "known are approval, base_model_as_last_resort"),
        ({7: 1}, "7", "is unknown"),
        ({"false_rollback_budget": "soon"}, "false_rollback_budget", "write it like"),
        ({"margin": 2}, "margin", "from 0 to 1"),
        ({"margin": "0.05"}, "margin", "no number"),
        ({"margin": True}, "margin", "no number"),
        ({"margin": float("nan")}, "margin", "no number"),
        ({"margin": 10**400}, "margin", "too large"),
        ({"fault_rate_tolerated": 0}, "fault_rate_tolerated", "above 0"),
        ({"reference_size": 1.5}, "reference_size", "whole number"),
        ({"caller_share_cap": 0}, "caller_share_cap", "above 0"),
        ({"max_rollbacks": 0}, "max_rollbacks", "at least 1"),
        ({"dry_run": "yes"}, "dry_run", "neither true nor false"),
        ({"rollback_window": "5"}, "rollback_window", "write it like"),
        ({"rollback_window": "30s"}, "rollback_window", "from '1m'"),
        ({"weights": {"faults": 1, "pears": 0}}, "weights", "mean 'pairs'"),
        ({"weights": {"faults": 0.5}}, "weights", "make them sum to 1"),
        ({"weights": 1}, "weights", "faults, golden, pairs"),
        ({"thresholds": "latency"}, "thresholds", "list of rules"),
        ({"thresholds": [5]}, "thresholds[0]", "must be a mapping"),
        ({"thresholds": [_RULE, {**_RULE, "fro": "5m"}]}, "thresholds[1].fro", "mean 'for'"),
        ({"thresholds": [{**_RULE, "action": "rolback"}]}, "thresholds[0].action", "'rollback'"),
        ({"thresholds": [{**_RULE, "below": 1}]}, "thresholds[0]", "exactly one"),
        (
            {"thresholds": [{"indicator": "fault_rate", "above": 1}]},
            "thresholds[0]",
            "lacks 'action'",
        ),
        ({"approval": True}, "approval", "must be a mapping"),
        ({"approval": {"rolback": True}}, "approval.rolback", "mean 'rollback'"),
        ({"maintenance": []}, "maintenance", "must be a mapping"),
        ({"thresholds": [{"above": 1, "action": "alert"}]}, "thresholds[0]", "lacks 'indicator'"),
        (
            {"thresholds": [{**_RULE, "indicator": "p95_latency_s"}]},
            "thresholds[0].indicator",
            "mean 'latency_p95_s'",
        ),
        ({"thresholds": [{**_RULE, "for": "10s"}]}, "thresholds[0].for", "out of range"),
    ],
)
def test_a_refusal_names_the_key_and_the_way_out(
    mapping: dict[Any, Any], key: str, way_out: str
) -> None:
    """Nothing is guessed and nothing is ignored."""
    with pytest.raises(PolicyError) as caught:
        parse(mapping)
    assert caught.value.key == key
    assert way_out in str(caught.value)


def test_a_policy_that_is_no_mapping_is_refused() -> None:
    """A list in the file is a slip."""
    with pytest.raises(PolicyError, match="must be a mapping"):
        parse(["margin"])  # type: ignore[arg-type]


def test_every_key_with_a_mistake_is_told() -> None:
    """Not only the first."""
    found = [one.key for one in mistakes({"margin": 2, "dry_run": True, "weights": 1, "zzz": 1})]
    assert found == ["margin", "weights", "zzz"]
