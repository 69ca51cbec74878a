"""`/api/exchanges`: why one answer was flagged."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from monitor.web import explanation
from monitor.web.api.answers import ExchangeAnswer
from monitor.web.context import Context
from monitor.web.explanation import Explanation

router = APIRouter(prefix="/exchanges", tags=["exchanges"])


class RarityAnswer(BaseModel):
    """A signal of an answer, and how rare its value is among the `of` reference answers.

    `p` is the conformal p-value; `null` where the reference does not know the signal.
    """

    model_config = ConfigDict(from_attributes=True)

    name: str
    meaning: str
    unit: str
    value: float
    share: float | None
    of: int
    p: float | None


class ExplanationAnswer(BaseModel):
    """An answer with its findings, its signals (the rarest first) and its nearest usual answers."""

    model_config = ConfigDict(from_attributes=True)

    answer: ExchangeAnswer
    rarities: list[RarityAnswer]
    reference_size: int | None
    neighbours: list[ExchangeAnswer]


@router.get(
    "/{exchange_id:path}/explanation",
    response_model=ExplanationAnswer,
    summary="Why it was flagged",
)
def explained(exchange_id: str, web: Context) -> Explanation:
    """Return what was found of an answer, and how rare its signals are."""
    return explanation.explain(web.stores, web.references, exchange_id)
