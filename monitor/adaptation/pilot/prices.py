"""Money from the prices that a team sets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from monitor.errors import BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What things cost, in `currency`.

    Args:
        example: to collect and label one example.
        training_hour, serving_hour: of the machine that trains, and of the one that serves.
        fixed: once for any adapter, e.g. its review.
    """

    currency: str
    example: float
    training_hour: float
    serving_hour: float
    fixed: float = 0.0

    def to_make(self, examples: int, seconds: float) -> float:
        """Return what making an adapter costs."""
        return self.fixed + examples * self.example + seconds / 3600 * self.training_hour

    def per_thousand(self, seconds_per_answer: float) -> float:
        """Return what a thousand answers cost on a machine that does nothing else."""
        return 1000 * seconds_per_answer / 3600 * self.serving_hour


def break_even(to_make: float, per_thousand: float, instead: float) -> float | None:
    """Return after how many answers making has paid, or `None` if it never does.

    Args:
        instead: what a thousand answers cost without it.

    >>> break_even(100.0, 1.0, 3.0)
    50000.0
    """
    return None if per_thousand >= instead else 1000 * to_make / (instead - per_thousand)


def read(path: Path) -> Prices:
    """Read prices from YAML. Raises `BadRequest` for a key unknown, absent, or no price."""
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadRequest(f"{path}: cannot read prices: {error}") from error
    known = [field.name for field in fields(Prices)]
    if not isinstance(said, Mapping) or set(said) - set(known):
        raise BadRequest(f"{path}: prices are {', '.join(known)}, and nothing else")
    _check(path, said)
    try:
        return Prices(**said)
    except TypeError as error:
        raise BadRequest(f"{path}: {error}; prices are {', '.join(known)}") from error


def _check(path: Path, said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        if name == "currency":
            if not isinstance(value, str):
                raise BadRequest(f"{path}: currency must be a text, as USD")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequest(f"{path}: {name} must be a number")
        elif not (math.isfinite(value) and value >= 0):
            raise BadRequest(f"{path}: {name} must be at least 0")
