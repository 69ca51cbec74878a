"""`/api/drills`: versions spoilt on purpose, and what caught them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel

from monitor.ports.drills import Drill
from monitor.web.context import Context
from monitor.web.identity import Operator
from rollback.spoilt_kind import Kind

router = APIRouter(prefix="/drills", tags=["drills"])


class CaughtAnswer(BaseModel):
    """One means that caught the version."""

    by: str
    answers: int
    seconds: float
    reason: str


class DrillAnswer(BaseModel):
    """A drill and what it found."""

    id: str
    deployment: str
    version: str
    kind: str
    started_at: datetime
    finished_at: datetime
    caught: list[CaughtAnswer]
    stopped_by: str | None
    asked: int
    rollback_s: float | None
    met: bool


@router.post("/{deployment}", response_model=list[DrillAnswer], summary="Hold drills now")
async def hold(
    deployment: str,
    web: Context,
    operator: Operator,
    kinds: Annotated[list[Kind], Body(embed=True, max_length=len(Kind))],
) -> list[DrillAnswer]:
    """Spoil the active version in each of these ways, and say what caught it; nobody is served by it."""
    held = await web.operations.drill(deployment, kinds or tuple(Kind), actor=operator)
    return _answers(held)


@router.get("/{deployment}", response_model=list[DrillAnswer], summary="The newest drills")
def newest(deployment: str, web: Context) -> list[DrillAnswer]:
    """Return the newest drills of a deployment, newest first."""
    return _answers(web.stores.drills.newest(deployment, 100))


def _answers(drills: Sequence[Drill]) -> list[DrillAnswer]:
    return [_answer(drill) for drill in drills]


def _answer(drill: Drill) -> DrillAnswer:
    first = drill.first
    return DrillAnswer(
        id=drill.id,
        deployment=drill.deployment,
        version=drill.version,
        kind=drill.kind.value,
        started_at=drill.started_at,
        finished_at=drill.finished_at,
        caught=[
            CaughtAnswer(
                by=each.by.value, answers=each.answers, seconds=each.seconds, reason=each.reason
            )
            for each in drill.caught
        ],
        stopped_by=None if first is None else first.by.value,
        asked=drill.asked,
        rollback_s=drill.rollback_s,
        met=drill.is_met,
    )
