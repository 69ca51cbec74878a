"""The sections `shadow` and `canary`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.config.canary import CanaryConfig
from monitor.config.sections import DeploymentConfig
from monitor.config.shadow import ShadowConfig


def test_steps_are_shares_or_percents() -> None:
    """As people write them."""
    section = CanaryConfig(**{"steps": ["1%", 0.05, "50 %"], "for": "10m"})
    policy = section.policy()
    assert policy.steps == (0.01, 0.05, 0.5)
    assert policy.lasting == timedelta(minutes=10)
    assert (policy.promotion_line, policy.withdrawal_line) == (20.0, 100.0)


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"steps": ["50%", "5%"]}, "must grow"),
        ({"steps": ["100%"]}, "below 1"),
        ({"for": "soon"}, "no duration"),
    ],
)
def test_a_canary_that_cannot_be_is_refused(section: dict[str, Any], why: str) -> None:
    """When the configuration is read."""
    with pytest.raises(ValidationError, match=why):
        CanaryConfig(**section)


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"hours": ["at night"]}, "write them like"),
        ({"rate": 0.5, "on_suspicion_rate": 0.1}, "must not be lower"),
        ({"score": []}, "at least one"),
    ],
)
def test_shadows_that_cannot_be_are_refused(section: dict[str, Any], why: str) -> None:
    """Each with the way out."""
    with pytest.raises(ValidationError, match=why):
        ShadowConfig(**section)


def test_a_bound_on_the_cost_needs_prices() -> None:
    """Nothing could be counted without."""
    with pytest.raises(ValidationError, match="needs prices"):
        DeploymentConfig(shadow={"rate": 0.1, "most_cost_per_day": 5})
