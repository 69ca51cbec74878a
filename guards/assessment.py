"""An exchange with what was found about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from guards.exchange import Exchange
from guards.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """An exchange with what was found about it."""

    exchange: Exchange
    verdict: Verdict
    signals: Mapping[str, float]  # NaN values left out
    findings: tuple[str, ...] = ()  # faults and outliers in words, for people
