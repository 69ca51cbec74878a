"""Watches every deployment: assesses answers, keeps a judge for each, prepares the record.

Everything here runs on the one thread that owns the judges (see `ingest`), except `record`,
`point` and `has_enough`, which may be called from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

import structlog

from guards import assessment
from guards.assessment import Assessed, Scored
from guards.constancy import ConstantAnswers
from guards.exchange import Exchange
from guards.faults import Fault
from guards.reference import Reference, TooFewAnswers, UnreadableReference
from monitor.errors import Conflict
from monitor.ports import Stores
from monitor.runtime.golden_runs import Outcome
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint, JudgeState
from rollback.judge import HarmWeights, Judge, JudgeSettings, Observation
from rollback.policy import Policy

log = structlog.get_logger(__name__)

_REFERENCE_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A judged batch, ready for the record."""

    batch: Sequence[Scored]
    points: Sequence[EvidencePoint]
    states: Sequence[JudgeState]
    calls_for_action: bool = False  # a line was reached: the control loop must look at once


@dataclass(slots=True)
class _Watched:
    """One deployment under one epoch."""

    judge: Judge
    adapter: str | None
    epoch: int
    confirmed: bool
    reference: Reference | None
    constant: ConstantAnswers
    crossing: EvidencePoint | None = None  # kept, since evidence may fall again
    good: list[Exchange] = field(default_factory=list)  # candidates for the next reference


class Watch:
    """The judges of all deployments."""

    def __init__(self, stores: Stores, policies: Mapping[str, Policy], *, keep_text: bool) -> None:
        self._stores = stores
        self._policies = dict(policies)
        self._keep_text = keep_text
        self._watched: dict[str, _Watched] = {}

    def follow(self, deployments: Sequence[Deployment]) -> None:
        """Begin a new judge where the pointer has moved, or go on with the saved one."""
        for deployment in deployments:
            if deployment.name not in self._policies:
                continue
            watched = self._watched.get(deployment.name)
            if watched is None or watched.epoch < deployment.epoch:
                self._watched[deployment.name] = self._open(deployment)
            elif deployment.confirmed and not watched.confirmed:
                self._watched[deployment.name] = self._with_own_reference(deployment)

    def absorb(self, exchanges: Sequence[Exchange]) -> Recording:
        """Assess and judge a batch, in its order."""
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
            assessed = _assess(watched, own)
            batch += [each.scored for each in assessed]
            seen = self._judge(watched, assessed)
            points += seen
            if seen:
                states.append(_state(name, watched))
                urgent = urgent or _is_urgent(watched)
        return Recording(batch=batch, points=points, states=states, calls_for_action=urgent)

    def weigh_golden(self, deployment: Deployment, outcome: Outcome, *, clear: bool) -> Recording:
        """Put a golden run on the scales, if its epoch is still the present one."""
        watched = self._watched.get(deployment.name)
        if watched is None or watched.epoch != deployment.epoch:
            return Recording(batch=(), points=(), states=())
        at = outcome.run.finished_at or datetime.now(UTC)
        point = watched.judge.observe_golden(outcome.differences, outcome.set_size, at=at)
        _remember_crossing(watched, point)
        if clear:
            watched.judge.clear_suspicion()
        return Recording(batch=(), points=(point,), states=(_state(deployment.name, watched),))

    def freeze_reference(self, deployment: str) -> tuple[bytes, int]:
        """Make a reference of the good answers. Raises `Conflict` if they are too few."""
        watched = self._watched[deployment]
        try:
            reference = Reference.fit(watched.good, seed=_REFERENCE_SEED)
        except TooFewAnswers as error:
            raise Conflict(f"{deployment}: {error}") from error
        return reference.to_bytes(), reference.size

    def record(self, recording: Recording) -> None:
        """Write a judged batch; blocks. Raises `Unavailable`; repeating it does no harm."""
        self._stores.exchanges.record(
            recording.batch, recording.points, recording.states, keep_text=self._keep_text
        )

    def point(self, deployment: str) -> EvidencePoint | None:
        """Return the evidence that reached the line, else the latest, else `None`."""
        watched = self._watched.get(deployment)
        if watched is None:
            return None
        return watched.crossing or watched.judge.point

    def has_enough(self, deployment: str) -> bool:
        """Whether enough good answers are there for a reference, and nothing speaks against it."""
        watched = self._watched.get(deployment)
        return (
            watched is not None
            and len(watched.good) >= self._policies[deployment].reference_size
            and not watched.judge.suspected
            and not watched.judge.crossed
        )

    def _judge(self, watched: _Watched, assessed: Sequence[Assessed]) -> list[EvidencePoint]:
        own = [
            each
            for each in assessed
            if each.scored.exchange.epoch == watched.epoch and each.scored.exchange.is_complete
        ]
        points = watched.judge.observe_all([_observation(watched, each) for each in own])
        for point in points:
            _remember_crossing(watched, point)
        self._gather(watched, own)
        return points

    def _gather(self, watched: _Watched, own: Sequence[Assessed]) -> None:
        """Keep answers for the reference: all of them, also faulty ones, lest it looks too good."""
        if watched.confirmed or not own:
            return
        size = self._policies[own[0].scored.exchange.deployment].reference_size
        room = size - len(watched.good)
        watched.good += [each.scored.exchange for each in own[: max(0, room)]]

    def _open(self, deployment: Deployment) -> _Watched:
        reference = self._reference(deployment)
        settings = _settings(self._policies[deployment.name], reference)
        saved = self._stores.evidence.judge_state(deployment.name)
        if saved is not None and saved.epoch == deployment.epoch:
            return _restored(deployment, saved, settings, reference)
        return _fresh(deployment, settings, reference)

    def _with_own_reference(self, deployment: Deployment) -> _Watched:
        reference = self._reference(deployment)
        return _fresh(deployment, _settings(self._policies[deployment.name], reference), reference)

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


def _assess(watched: _Watched, exchanges: Sequence[Exchange]) -> list[Assessed]:
    """Assess in order; answers of another epoch leave the stream's own faults alone."""
    found: list[Assessed] = []
    for is_own, group in groupby(exchanges, key=lambda exchange: exchange.epoch == watched.epoch):
        constant = watched.constant if is_own else ConstantAnswers()
        found += assessment.assess(list(group), watched.reference, constant)
    return found


def _is_urgent(watched: _Watched) -> bool:
    return watched.judge.crossed or watched.judge.suspected


def _settings(policy: Policy, reference: Reference | None) -> JudgeSettings:
    """Take the policy's numbers; faults that were usual in the reference are no news."""
    usual = reference.fault_rate_bound if reference is not None else 0.0
    return JudgeSettings(
        line=policy.line,
        suspicion_line=policy.suspicion_line,
        fault_rate_tolerated=max(policy.fault_rate_tolerated, usual),
        margin=policy.margin,
        min_golden_cases=policy.min_golden_cases,
        weights=HarmWeights(**policy.weights),
        drift_may_roll_back=policy.drift_may_roll_back,
    )


def _fresh(
    deployment: Deployment, settings: JudgeSettings, reference: Reference | None
) -> _Watched:
    judge = Judge(
        deployment=deployment.name,
        epoch=deployment.epoch,
        adapter=deployment.active,
        settings=settings,
        reference=reference.channels if reference is not None else None,
    )
    return _Watched(
        judge=judge,
        adapter=deployment.active,
        epoch=deployment.epoch,
        confirmed=deployment.confirmed,
        reference=reference,
        constant=_constant(reference),
    )


def _constant(reference: Reference | None) -> ConstantAnswers:
    if reference is None:
        return ConstantAnswers()
    return ConstantAnswers.for_share(reference.commonest_share)


def _restored(
    deployment: Deployment,
    saved: JudgeState,
    settings: JudgeSettings,
    reference: Reference | None,
) -> _Watched:
    watched = _fresh(deployment, settings, reference)
    watched.judge = Judge.restore(saved.state["judge"], settings=settings)
    watched.constant.restore(saved.state["constant"])
    if watched.judge.crossed:
        watched.crossing = watched.judge.point
    return watched


def _state(name: str, watched: _Watched) -> JudgeState:
    return JudgeState(
        deployment=name,
        epoch=watched.epoch,
        position=watched.judge.position,
        state={"judge": watched.judge.state(), "constant": watched.constant.state()},
    )


def _observation(watched: _Watched, assessed: Assessed) -> Observation:
    exchange = assessed.scored.exchange
    return Observation(
        exchange_id=exchange.id,
        at=exchange.started_at,
        scores=assessed.scores,
        fault=_counts_as_fault(watched, assessed),
    )


def _counts_as_fault(watched: _Watched, assessed: Assessed) -> bool:
    """Whether an answer speaks against the version.

    An answer that the token limit cut may be the caller's doing; only against a reference, which
    knows how usual that is here, does it say something about the version.
    """
    if watched.reference is not None:
        return assessed.fault
    return any(fault is not Fault.CUT for fault in assessed.faults)


def _remember_crossing(watched: _Watched, point: EvidencePoint) -> None:
    if watched.crossing is None and point.evidence >= point.line:
        watched.crossing = point
