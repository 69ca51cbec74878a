"""Where the head of the audit trail is anchored."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import field_validator

from monitor.config.section import Section
from rollback import durations

_SHORTEST = timedelta(seconds=1)


class AuditConfig(Section):
    """Where the audit trail's head goes, so that a trail cut short or written anew shows.

    Args:
        anchor_file: lines are added to it; best on a disk that this service cannot rewrite.
        anchor_webhook: name of a receiver of kind `webhook`.
        every: how often a head that has changed is anchored.
    """

    anchor_file: Path | None = None
    anchor_webhook: str | None = None
    every: timedelta = timedelta(minutes=10)

    @field_validator("every", mode="before")
    @classmethod
    def _is_a_duration(cls, every: object) -> object:
        return durations.parse_duration(every) if isinstance(every, str) else every

    @field_validator("every")
    @classmethod
    def _is_long_enough(cls, every: timedelta) -> timedelta:
        if every < _SHORTEST:
            raise ValueError("must be at least 1 s")
        return every
