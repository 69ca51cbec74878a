"""What users said about answers."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class FeedbackStore(Protocol):
    """What users said about answers."""

    def add_feedback(
        self, exchange_id: str, score: float, comment: str | None, at: datetime
    ) -> None:
        """Record a score in [0, 1]. Raises `NotFound` for an unknown exchange."""
