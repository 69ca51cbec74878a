"""`/api/reviews`: when a person should look at what serves again."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from monitor.runtime import reviews
from monitor.web.api.requests import Reason
from monitor.web.context import Context
from monitor.web.identity import Operator
from rollback.reviews import Cause, Review

router = APIRouter(prefix="/reviews", tags=["reviews"])


class ReviewAnswer(BaseModel):
    """A review, and why it is due."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    deployment: str
    version: str
    cause: Cause
    sentence: str


@router.get("", response_model=list[ReviewAnswer], summary="Reviews that are due")
def every(web: Context) -> Sequence[Review]:
    """Return the reviews that nobody has done yet."""
    return reviews.open_reviews(web.stores, web.clock())


@router.post("/{review_id}/done", response_model=ReviewAnswer, summary="It was done")
def done(review_id: str, request: Reason, web: Context, operator: Operator) -> Review:
    """Record that somebody has looked; the reason says what they found."""
    return reviews.finish(
        web.stores, review_id, actor=operator, note=request.reason, at=web.clock()
    )
