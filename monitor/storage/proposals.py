"""Proposals in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine, Row

from monitor.errors import Conflict, NotFound
from monitor.ports.alerts import Notice
from monitor.ports.decisions import Proposals
from monitor.storage import audit, outbox, pointers, values
from monitor.storage.database import transaction
from monitor.storage.schema import proposals
from rollback.proposal import Act, Answer, Proposal

_ANSWERED = ("answered_at", "answered_by")


class PostgresProposals(Proposals):
    """`ports.Proposals` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, proposal: Proposal, notice: Notice) -> Proposal:
        """Store a proposal with audit and outbox rows, once per id; return the stored one."""
        row = asdict(proposal) | {
            "act": proposal.act.value,
            "answer": proposal.answer.value,
            "reason": values.text(proposal.reason),
            "approved_by": list(proposal.approved_by),
        }
        new = insert(proposals).values(row).on_conflict_do_nothing(index_elements=["id"])
        with transaction(self._engine) as connection:
            if connection.execute(new.returning(proposals.c.id)).one_or_none() is not None:
                outbox.put(connection, notice)
                _audit(connection, proposal, "made", proposal.made_by, proposal.made_at)
            return _found(connection, proposal.id)

    def answer(
        self, proposal_id: str, answer: Answer, *, actor: str, reason: str, at: datetime
    ) -> Proposal:
        """Record what a person said; see `ports.Proposals.answer`."""
        with transaction(self._engine) as connection:
            before = _found(connection, proposal_id, for_update=True)
            if before.answer is answer:
                return before
            if before.answer is not Answer.PENDING:
                raise Conflict(
                    f"{before.answered_by} has {before.answer.value} {proposal_id} already"
                )
            pointers.locked(connection, before.deployment, before.epoch)
            after = _answered(before, answer, actor, reason, at)
            changes = {name: getattr(after, name) for name in _ANSWERED}
            changes |= {
                "answer": after.answer.value,
                "approved_by": list(after.approved_by),
                "answer_reason": values.text(after.answer_reason),
            }
            connection.execute(update(proposals).where(proposals.c.id == before.id).values(changes))
            what = "approval" if after.answer is Answer.PENDING else answer.value
            _audit(connection, replace(after, answer_reason=reason), what, actor, at)
            return _found(connection, proposal_id)

    def newest(self, deployment: str, epoch: int, act: Act) -> Proposal | None:
        """Return the last proposal of an epoch, or `None`."""
        wanted = (
            _newest_first()
            .where(proposals.c.deployment == deployment, proposals.c.epoch == epoch)
            .where(proposals.c.act == act.value)
        )
        with transaction(self._engine) as connection:
            row = connection.execute(wanted.limit(1)).one_or_none()
        return None if row is None else _proposal(row)

    def get(self, proposal_id: str) -> Proposal:
        """Return a proposal. Raises `NotFound`."""
        with transaction(self._engine) as connection:
            return _found(connection, proposal_id)

    def list(self, deployment: str | None = None, limit: int = 100) -> Sequence[Proposal]:
        """Return proposals, newest first."""
        wanted = _newest_first()
        if deployment is not None:
            wanted = wanted.where(proposals.c.deployment == values.text(deployment))
        with transaction(self._engine) as connection:
            return [_proposal(row) for row in connection.execute(wanted.limit(limit))]


def _answered(before: Proposal, answer: Answer, actor: str, reason: str, at: datetime) -> Proposal:
    """Return a proposal with somebody's answer. Raises `Conflict` for a second yes of the same."""
    agreed = before.approved_by
    if answer is Answer.APPROVED:
        if actor in agreed:
            raise Conflict(
                f"{actor} has approved {before.id} already; somebody else's token must do it too"
            )
        agreed = (*agreed, actor)
        if len(agreed) < before.needed:
            return replace(before, approved_by=agreed)
    return replace(
        before,
        answer=answer,
        answered_at=at,
        answered_by=actor,
        answer_reason=reason,
        approved_by=agreed,
    )


def _newest_first() -> Select[Any]:
    return select(proposals).order_by(proposals.c.made_at.desc(), proposals.c.id)


def _found(connection: Connection, proposal_id: str, *, for_update: bool = False) -> Proposal:
    wanted = select(proposals).where(proposals.c.id == values.text(proposal_id))
    row = connection.execute(wanted.with_for_update() if for_update else wanted).one_or_none()
    if row is None:
        raise NotFound(f"there is no proposal {proposal_id!r}; `/api/proposals` lists them")
    return _proposal(row)


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        **{
            **row._mapping,
            "act": Act(row.act),
            "answer": Answer(row.answer),
            "approved_by": tuple(row.approved_by),
        }
    )


def _audit(connection: Connection, proposal: Proposal, what: str, actor: str, at: datetime) -> None:
    audit.add(
        connection,
        actor=actor,
        action=f"proposal.{what}",
        subject=proposal.deployment,
        payload={
            "proposal": proposal.id,
            "act": proposal.act.value,
            "version": proposal.version,
            "epoch": proposal.epoch,
            "reason": proposal.answer_reason or proposal.reason,
        },
        at=at,
    )
