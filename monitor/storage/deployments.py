"""The pointers in Postgres: which version serves which deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Engine

from monitor.ports.deployments import Deployments, Flip
from monitor.storage import audit, flips, pointers, sharing
from monitor.storage.database import transaction
from monitor.storage.schema import deployments
from rollback import moves
from rollback.actors import AUTOMATIC
from rollback.deployment import Deployment


class PostgresDeployments(Deployments):
    """`ports.Deployments` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ensure(self, name: str) -> Deployment:
        """Return a deployment, made with the base model active if it is new."""
        with transaction(self._engine) as connection:
            pointers.add(connection, Deployment(name=name))
            return pointers.read(connection, name)

    def all(self) -> Sequence[Deployment]:
        """Return every deployment, by name."""
        with transaction(self._engine) as connection:
            rows = connection.execute(select(deployments).order_by(deployments.c.name))
            return [pointers.from_row(row) for row in rows]

    def flip(self, flip: Flip) -> Deployment:
        """Move the pointer, states, incident, audit and outbox rows in one transaction."""
        with transaction(self._engine) as connection:
            return flips.apply(connection, flip)

    def amend(
        self,
        name: str,
        *,
        expected_epoch: int,
        actor: str,
        reason: str,
        at: datetime,
        confirmed: bool | None = None,
        frozen: str | None = None,
        pinned: str | None = None,
    ) -> Deployment:
        """Set `confirmed`, `frozen` or `pinned` (an empty string ends either), with an audit row."""
        with transaction(self._engine) as connection:
            before = pointers.locked(connection, name, expected_epoch)
            after = replace(
                before,
                confirmed=before.confirmed if confirmed is None else confirmed,
                frozen=pointers.changed(before.frozen, frozen),
                pinned=pointers.changed(before.pinned, pinned),
            )
            if after == before:
                return before
            for move in moves.of_change(before, after):
                pointers.require(before, move, actor=actor)
            pointers.write(connection, after)
            audit.add(
                connection,
                actor=actor,
                action="deployment.amend",
                subject=name,
                payload={
                    "epoch": after.epoch,
                    "confirmed": after.confirmed,
                    "frozen": after.frozen,
                    "pinned": after.pinned,
                    "reason": reason,
                },
                at=at,
            )
        return after

    def share(
        self,
        name: str,
        *,
        expected_epoch: int,
        candidate: str | None,
        candidate_share: float,
        shadow_rate: float,
        actor: str,
        reason: str,
        at: datetime,
    ) -> Deployment:
        """Give a candidate a share of the callers, and shadow a share of the prompts."""
        with transaction(self._engine) as connection:
            before = pointers.locked(connection, name, expected_epoch)
            after = sharing.shared(
                connection,
                before,
                candidate=candidate,
                candidate_share=candidate_share,
                shadow_rate=shadow_rate,
            )
            return sharing.put(connection, before, after, actor=actor, reason=reason, at=at)

    def shadow(
        self, name: str, *, expected_epoch: int, rate: float, reason: str, at: datetime
    ) -> Deployment:
        """Shadow a share of the prompts, and leave the candidate its own."""
        with transaction(self._engine) as connection:
            before = pointers.locked(connection, name, expected_epoch)
            after = sharing.shared(
                connection,
                before,
                candidate=before.candidate,
                candidate_share=before.candidate_share,
                shadow_rate=rate,
            )
            return sharing.put(connection, before, after, actor=AUTOMATIC, reason=reason, at=at)
