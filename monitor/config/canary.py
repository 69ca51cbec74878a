"""Canaries: by which steps a candidate gets its callers, and on what evidence."""

from __future__ import annotations

import re
from datetime import timedelta

from pydantic import Field, field_validator, model_validator

from monitor.config.section import Section
from rollback.canary_policy import CanaryPolicy
from rollback.durations import parse_duration

_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


class CanaryConfig(Section):
    """How a canary goes.

    Args:
        steps: shares of the callers, `5%` or .05, growing; behind the last one is everybody.
        at_least: callers of the candidate that must count in a step.
        lasting: how long a step takes at least; written `for`.
        margin: how much less an answer may be worth.
        false_promotion: P(a candidate that is worse by the margin is given more) is at most this.
        false_withdrawal: P(a candidate that is no worse is withdrawn) is at most this.
    """

    steps: tuple[float, ...] = CanaryPolicy().steps
    at_least: int = Field(default=200, ge=1)
    lasting: timedelta = Field(default=timedelta(minutes=30), alias="for")
    margin: float = Field(default=0.05, gt=0.0, lt=0.5)
    false_promotion: float = Field(default=0.05, gt=0.0, lt=1.0)
    false_withdrawal: float = Field(default=0.01, gt=0.0, lt=1.0)

    @field_validator("steps", mode="before")
    @classmethod
    def _are_shares(cls, steps: object) -> object:
        return [_share(step) for step in steps] if isinstance(steps, list | tuple) else steps

    @field_validator("lasting", mode="before")
    @classmethod
    def _is_a_duration(cls, written: object) -> object:
        return parse_duration(written) if isinstance(written, str) else written

    @model_validator(mode="after")
    def _is_a_policy(self) -> CanaryConfig:
        self.policy()
        return self

    def policy(self) -> CanaryPolicy:
        """Return the rules. Raises `ValueError` for steps that do not grow."""
        return CanaryPolicy(
            steps=self.steps,
            at_least=self.at_least,
            lasting=self.lasting,
            margin=self.margin,
            promotion_line=1.0 / self.false_promotion,
            withdrawal_line=1.0 / self.false_withdrawal,
        )


def _share(step: object) -> object:
    found = _PERCENT.fullmatch(step) if isinstance(step, str) else None
    return step if found is None else float(found.group(1)) / 100.0
