"""`/api/decisions` and `/api/proposals`: what was decided and why, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from monitor.web import lookup
from monitor.web.api.requests import Reason
from monitor.web.context import Context
from monitor.web.identity import Operator
from rollback import case as cases
from rollback.decided import Decided, sentences
from rollback.proposal import Act, Answer, Proposal

router = APIRouter(tags=["decisions"])


class DecisionAnswer(BaseModel):
    """A decision: what, because of what, by which numbers, and whether they give it again."""

    id: str
    deployment: str
    epoch: int
    at: datetime
    kind: str
    because: str
    to: str | None
    reason: str
    numbers: Mapping[str, Any]
    replays: bool
    sentences: list[str]


class DecisionCaseAnswer(DecisionAnswer):
    """A decision with all that it was made by."""

    case: Mapping[str, Any]


class ProposalAnswer(BaseModel):
    """What waits for a person, or what a person said to it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    deployment: str
    epoch: int
    act: Act
    version: str | None
    reason: str
    made_at: datetime
    made_by: str
    answer: Answer
    answered_at: datetime | None
    answered_by: str | None
    answer_reason: str
    needed: int
    approved_by: tuple[str, ...]


@router.get(
    "/deployments/{name}/decisions",
    response_model=list[DecisionAnswer],
    summary="What was decided, and why",
)
def every(
    name: str, web: Context, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> Sequence[Mapping[str, Any]]:
    """Return a deployment's decisions, newest first: one for each change."""
    lookup.deployment(web.stores, name)
    return [_told(each) for each in web.stores.decisions.list(name, limit)]


@router.get(
    "/decisions/{decision_id}", response_model=DecisionCaseAnswer, summary="One decision, whole"
)
def one(decision_id: str, web: Context) -> Mapping[str, Any]:
    """Return a decision with all that it was made by."""
    found = web.stores.decisions.get(decision_id)
    return {**_told(found), "case": cases.dump(found.case)}


@router.get("/proposals", response_model=list[ProposalAnswer], summary="What waits for a person")
def proposals(web: Context, deployment: str | None = None) -> Sequence[Proposal]:
    """Return the proposals of a deployment, or of all, newest first."""
    return web.stores.proposals.list(deployment)


@router.post(
    "/proposals/{proposal_id}/approve", response_model=ProposalAnswer, summary="Say yes to it"
)
async def approve(proposal_id: str, request: Reason, web: Context, operator: Operator) -> Proposal:
    """Approve a proposal, once for each token; when enough people have, it is carried out.

    A rollback is carried out at once, a promotion if it passes the gate.
    """
    return await web.operations.approve(proposal_id, actor=operator, reason=request.reason)


@router.post(
    "/proposals/{proposal_id}/reject", response_model=ProposalAnswer, summary="Say no to it"
)
async def reject(proposal_id: str, request: Reason, web: Context, operator: Operator) -> Proposal:
    """Reject a proposal: it is not made again in this epoch."""
    return await web.operations.reject(proposal_id, actor=operator, reason=request.reason)


def _told(decided: Decided) -> Mapping[str, Any]:
    return {
        "id": decided.id,
        "deployment": decided.case.deployment.name,
        "epoch": decided.case.deployment.epoch,
        "at": decided.at,
        "kind": decided.kind,
        "because": decided.decision.because.value,
        "to": decided.to,
        "reason": decided.decision.reason,
        "numbers": decided.decision.numbers,
        "replays": decided.replays,
        "sentences": list(sentences(decided)),
    }
