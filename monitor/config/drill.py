"""How drills are held."""

from __future__ import annotations

from pydantic import Field

from monitor.config.section import Section


class DrillConfig(Section):
    """By when a version that was spoilt on purpose must be stopped.

    Args:
        answers: of the spoilt version, at most.
        seconds: until it is stopped and the version that serves is proved, at most.
    """

    answers: int = Field(default=100, ge=1)
    seconds: float = Field(default=300.0, gt=0)
