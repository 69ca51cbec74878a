"""Watches every deployment: assesses answers, keeps a judge for each, prepares the record.

Everything here runs on the one thread that owns the judges (see `ingest`), except `record`,
`point`, `is_calm` and `has_enough`, which may be called from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from guards import assessment
from guards.assessment import Scored
from guards.constancy import ConstantAnswers
from guards.exchange import Exchange
from guards.reference import Reference, TooFewAnswers, UnreadableReference
from monitor.errors import Conflict
from monitor.ports.stores import Stores
from monitor.runtime import watched as watching
from monitor.runtime.golden_runs import Outcome
from monitor.runtime.watched import Watched
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint, JudgeState
from rollback.policy import Policy

log = structlog.get_logger(__name__)

_REFERENCE_SEED = 0
_CALM = 30.0  # sums of bets on an unchanged version mostly stay below this


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A judged batch, ready for the record."""

    batch: Sequence[Scored] = ()
    points: Sequence[EvidencePoint] = ()
    states: Sequence[JudgeState] = ()
    calls_for_action: bool = False  # a line was reached: the control loop must look at once


class Watch:
    """The judges of all deployments."""

    def __init__(self, stores: Stores, policies: Mapping[str, Policy], *, keep_text: bool) -> None:
        self._stores = stores
        self._policies = dict(policies)
        self._keep_text = keep_text
        self._watched: dict[str, Watched] = {}

    def follow(self, deployments: Sequence[Deployment]) -> None:
        """Begin a new judge where the pointer has moved, or go on with the saved one.

        Raises `Unavailable`; repeating it does no harm.
        """
        for deployment in deployments:
            if deployment.name not in self._policies:
                continue
            watched = self._watched.get(deployment.name)
            if watched is None or watched.epoch < deployment.epoch:
                self._watched[deployment.name] = self._open(deployment)
            elif deployment.confirmed and not watched.confirmed:
                self._watched[deployment.name] = self._begin_anew(deployment, watched)

    def absorb(self, exchanges: Sequence[Exchange]) -> Recording:
        """Assess and judge a batch, in its order.

        Raises `Unavailable` if the pointer has moved and Postgres cannot say where to; then
        nothing has changed, and the same batch may be offered again.
        """
        if any(self._is_behind(exchange) for exchange in exchanges):
            self.follow(self._stores.deployments.all())
        batch: list[Scored] = []
        points: list[EvidencePoint] = []
        states: list[JudgeState] = []
        urgent = False
        for name in dict.fromkeys(exchange.deployment for exchange in exchanges):
            own = [exchange for exchange in exchanges if exchange.deployment == name]
            watched = self._watched.get(name)
            if watched is None:  # nobody asked to watch this name
                unwatched = assessment.assess(own, None, ConstantAnswers())
                batch += [each.scored for each in unwatched]
                continue
            assessed = watched.assess(own)
            batch += [each.scored for each in assessed]
            seen = watched.judge_all(assessed, self._policies[name].reference_size)
            points += seen
            if seen:
                states.append(watched.state(name))
                urgent = urgent or watched.is_urgent
        return Recording(batch=batch, points=points, states=states, calls_for_action=urgent)

    def weigh_golden(self, deployment: Deployment, outcome: Outcome, *, clear: bool) -> Recording:
        """Put a golden run on the scales, if its epoch is still the present one."""
        watched = self._watched.get(deployment.name)
        if watched is None or watched.epoch != deployment.epoch:
            return Recording()
        at = outcome.run.finished_at or datetime.now(UTC)
        point = watched.judge.observe_golden(outcome.differences, outcome.set_size, at=at)
        watched.remember(point)
        if clear:
            watched.clear_suspicion()
        return Recording(points=(point,), states=(watched.state(deployment.name),))

    def freeze_reference(self, deployment: Deployment) -> tuple[bytes, int]:
        """Make a reference of the good answers.

        Raises `Conflict` if they are too few, or of another version by now.
        """
        watched = self._watched.get(deployment.name)
        if watched is None or watched.epoch != deployment.epoch:
            raise Conflict(f"{deployment.name}: another version serves by now")
        if not self.has_enough(deployment.name):
            raise Conflict(f"{deployment.name}: the evidence no longer allows it")
        try:
            reference = Reference.fit(watched.good, seed=_REFERENCE_SEED)
        except TooFewAnswers as error:
            raise Conflict(f"{deployment.name}: {error}") from error
        return reference.to_bytes(), reference.size

    def record(self, recording: Recording) -> None:
        """Write a judged batch; blocks. Raises `Unavailable`; repeating it does no harm."""
        self._stores.exchanges.record(
            recording.batch, recording.points, recording.states, keep_text=self._keep_text
        )

    def point(self, deployment: str) -> EvidencePoint | None:
        """Return the evidence to decide by: what reached a line, else the latest, else `None`."""
        watched = self._watched.get(deployment)
        return None if watched is None else watched.point

    @property
    def is_calm(self) -> bool:
        """Whether no deployment's evidence or suspicion has risen above its usual level."""
        points = [watched.judge.point for watched in list(self._watched.values())]
        return all(max(p.evidence, p.suspicion) < _CALM for p in points if p is not None)

    def has_enough(self, deployment: str) -> bool:
        """Whether enough good answers are there for a reference, and nothing speaks against it."""
        watched = self._watched.get(deployment)
        return (
            watched is not None
            and len(watched.good) >= self._policies[deployment].reference_size
            and not watched.judge.suspected
            and not watched.judge.crossed
        )

    def _is_behind(self, exchange: Exchange) -> bool:
        """Whether an answer was routed by a later epoch than the one that is watched."""
        if exchange.deployment not in self._policies:
            return False
        watched = self._watched.get(exchange.deployment)
        return watched is None or watched.epoch < exchange.epoch

    def _open(self, deployment: Deployment) -> Watched:
        policy, reference = self._policies[deployment.name], self._reference(deployment)
        saved = self._stores.evidence.judge_state(deployment.name)
        if saved is None or saved.epoch != deployment.epoch:
            return watching.begun(deployment, policy, reference)
        return watching.restored(deployment, policy, reference, saved)

    def _begin_anew(self, deployment: Deployment, watched: Watched) -> Watched:
        """Hold a confirmed version against its own reference; positions go on."""
        policy, reference = self._policies[deployment.name], self._reference(deployment)
        return watching.begun(deployment, policy, reference, watched.judge.position)

    def _reference(self, deployment: Deployment) -> Reference | None:
        """Return the active version's own reference, else its baseline's."""
        for version in (deployment.active, deployment.baseline):
            payload = self._stores.evidence.reference(deployment.name, version)
            if payload is not None:
                try:
                    return Reference.from_bytes(payload)
                except UnreadableReference as error:
                    log.error("reference not used", version=version, error=str(error))
        return None
