"""Where feedback goes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from monitor.gateway.feedback import Feedback
from monitor.ports.feedback import FeedbackStore


def into(store: FeedbackStore) -> Feedback:
    """Return what puts feedback into a store."""

    async def feedback(exchange_id: str, score: float, comment: str | None) -> None:
        await asyncio.to_thread(store.add_feedback, exchange_id, score, comment, datetime.now(UTC))

    return feedback
