"""Shadows: how many prompts the baseline answers too, and how both answers are weighed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from monitor.config.hours import Hours
from monitor.config.section import Section


class ShadowConfig(Section):
    """The baseline's answers to live prompts, which no caller sees.

    Args:
        rate: share of the prompts, while nothing is suspected.
        on_suspicion_rate: share while the active version is under suspicion.
        most_per_hour: shadows in an hour of the clock, over all gateways of this machine, each of which
            has its part, rounded up.
        most_cost_per_day: in the currency of `prices`, since midnight UTC.
        hours: when there may be any, `22:00-06:00 Asia/Tokyo`; always where none is given.
        score: what an answer's worth is read from; the least of them counts.
    """

    rate: float = Field(default=0.0, ge=0.0, le=1.0)
    on_suspicion_rate: float = Field(default=0.0, ge=0.0, le=1.0)
    most_per_hour: int | None = Field(default=None, ge=1)
    most_cost_per_day: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    hours: tuple[str, ...] = ()
    score: tuple[Literal["faults", "schema", "wrongness", "judge"], ...] = ("faults", "schema")

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        for text in hours:
            Hours.parse(text)
        return hours

    @field_validator("score")
    @classmethod
    def _is_scored(cls, score: tuple[str, ...]) -> tuple[str, ...]:
        if not score:
            raise ValueError("name at least one of faults, schema, wrongness and judge")
        return score

    @model_validator(mode="after")
    def _suspicion_raises(self) -> ShadowConfig:
        if self.on_suspicion_rate and self.on_suspicion_rate < self.rate:
            raise ValueError("on_suspicion_rate must not be lower than rate")
        return self

    @property
    def is_used(self) -> bool:
        """Whether the service itself sets the rate."""
        return max(self.rate, self.on_suspicion_rate) > 0.0
