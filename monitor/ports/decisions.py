"""What was decided, and what waits for a person's word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from monitor.ports.alerts import Notice
from rollback.decided import Decided
from rollback.proposal import Act, Answer, Proposal


class Decisions(Protocol):
    """Decisions with the numbers that they were made by; one for each change."""

    def record(self, decided: Decided) -> None:
        """Store a decision; once per id."""

    def get(self, decision_id: str) -> Decided:
        """Return a decision. Raises `NotFound`, also for one that cannot be read any more."""

    def list(self, deployment: str, limit: int = 20) -> Sequence[Decided]:
        """Return a deployment's decisions, newest first; those that cannot be read are left out."""


class Proposals(Protocol):
    """Acts that a person must approve."""

    def put(self, proposal: Proposal, notice: Notice) -> Proposal:
        """Store a proposal with audit and outbox rows, once per id; return the stored one."""

    def answer(
        self, proposal_id: str, answer: Answer, *, actor: str, reason: str, at: datetime
    ) -> Proposal:
        """Record what a person said, with an audit row; the same answer again changes nothing.

        Until `needed` people have said yes it waits. Raises `NotFound`; `Conflict` if another answer
        was given, the pointer has moved since, or the same person says yes again while it waits.
        """

    def newest(self, deployment: str, epoch: int, act: Act) -> Proposal | None:
        """Return the last proposal of an epoch, or `None`."""

    def get(self, proposal_id: str) -> Proposal:
        """Return a proposal. Raises `NotFound`."""

    def list(self, deployment: str | None = None, limit: int = 100) -> Sequence[Proposal]:
        """Return proposals, newest first."""
