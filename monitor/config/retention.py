"""How long what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from monitor.config.section import Section
from rollback.durations import parse_duration


def _length(value: object) -> timedelta:
    length = value if isinstance(value, timedelta) else parse_duration(value)
    if length < timedelta(hours=1):
        raise ValueError(f"{value!r} is too short; give an hour at least, like '1h' or '30d'")
    return length


Length = Annotated[timedelta, BeforeValidator(_length)]


class RetentionConfig(Section):
    """How long what is kept; each is deleted by the scheduled job `retention`.

    Args:
        exchanges: answers, with their signals and hashes; text: of prompts and answers, where
            `record.text` keeps them.
        evidence: the evidence curve, and what judges have read: a decision can be replayed so long.
        feedback: what users said of answers. golden_runs: with results; a version's newest stays.
        indicators_minute, indicators_hour, indicators_day: roll-ups. Thresholds need minutes,
            reports hours and days.
    """

    exchanges: Length = timedelta(days=180)
    text: Length = timedelta(days=7)
    evidence: Length = timedelta(days=180)
    feedback: Length = timedelta(days=180)
    golden_runs: Length = timedelta(days=730)
    indicators_minute: Length = timedelta(days=14)
    indicators_hour: Length = timedelta(days=180)
    indicators_day: Length = timedelta(days=1830)

    def lengths(self) -> Mapping[str, timedelta]:
        """Return how long each kind is kept, by its name."""
        return {name: getattr(self, name) for name in type(self).model_fields}
