"""What users said about answers, in Postgres."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, insert, select
from sqlalchemy.engine import Engine

from monitor.errors import BadRequest, NotFound
from monitor.ports.feedback import FeedbackStore
from monitor.storage import values
from monitor.storage.database import transaction
from monitor.storage.schema import exchanges, feedback


class PostgresFeedback(FeedbackStore):
    """`ports.FeedbackStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_feedback(
        self, exchange_id: str, score: float, comment: str | None, at: datetime
    ) -> None:
        """Record a score in [0, 1]. Raises `NotFound` for an unknown exchange, `BadRequest`."""
        if not 0 <= score <= 1:
            raise BadRequest(f"a score of {score} is not in [0, 1]")
        exchange = values.text(exchange_id)
        known = select(exists().where(exchanges.c.id == exchange))
        said = insert(feedback).values(
            exchange=exchange, score=score, comment=values.optional_text(comment), at=at
        )
        with transaction(self._engine) as connection:
            if not connection.execute(known).scalar_one():
                raise NotFound(f"there is no answer with the id {exchange_id!r} on record")
            connection.execute(said)
