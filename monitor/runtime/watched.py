"""One deployment under watch: its judge, what it is held against, and how both are saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import structlog

from guards import assessment
from guards.assessment import Assessed
from guards.constancy import ConstantAnswers
from guards.exchange import Exchange
from guards.faults import Fault
from guards.reference import Reference
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint, JudgeState
from rollback.judge import HarmWeights, Judge, JudgeSettings, Observation
from rollback.policy import Policy

log = structlog.get_logger(__name__)

_FORMAT = 1  # of the saved state; raise it with every change of what is saved, or of its meaning
_ALWAYS = 0.99  # where nearly every usual answer is faulty, faults are no news at all


@dataclass(slots=True)
class Watched:
    """One deployment under one epoch, and against one reference.

    Args:
        crossing: the point that reached the line, kept since evidence may fall again.
        suspicion: the point whose drift reached its line, kept for the same reason until cleared.
        good: answers for the version's own reference: all of them, also faulty ones, lest it
            looks too good.
    """

    judge: Judge
    epoch: int
    confirmed: bool
    reference: Reference | None
    constant: ConstantAnswers
    crossing: EvidencePoint | None = None
    suspicion: EvidencePoint | None = None
    good: list[Exchange] = field(default_factory=list)

    @property
    def point(self) -> EvidencePoint | None:
        """The evidence that reached the line, else the drift that did, else the latest."""
        return self.crossing or self.suspicion or self.judge.point

    @property
    def is_urgent(self) -> bool:
        """Whether the control loop must look at once."""
        return self.judge.crossed or self.judge.suspected

    def assess(self, exchanges: Sequence[Exchange]) -> list[Assessed]:
        """Assess in order; answers of another epoch leave the stream's own faults alone."""
        found: list[Assessed] = []
        for is_own, group in groupby(exchanges, key=lambda exchange: exchange.epoch == self.epoch):
            constant = self.constant if is_own else ConstantAnswers()
            found += assessment.assess(list(group), self.reference, constant)
        return found

    def judge_all(self, assessed: Sequence[Assessed], reference_size: int) -> list[EvidencePoint]:
        """Judge the answers of this epoch whose callers stayed; return the evidence after each."""
        own = [
            each
            for each in assessed
            if each.scored.exchange.epoch == self.epoch and each.scored.exchange.is_complete
        ]
        points = self.judge.observe_all([self._observation(each) for each in own])
        for point in points:
            self.remember(point)
        if not self.confirmed:
            room = max(0, reference_size - len(self.good))
            self.good += [each.scored.exchange for each in own[:room]]
        return points

    def remember(self, point: EvidencePoint) -> None:
        """Keep the first point that reached a line."""
        if self.crossing is None and point.evidence >= point.line:
            self.crossing = point
        if self.suspicion is None and point.suspicion >= point.suspicion_line:
            self.suspicion = point

    def clear_suspicion(self) -> None:
        """Take the suspicion back; drift starts anew from here."""
        self.judge.clear_suspicion()
        self.suspicion = None

    def state(self, name: str) -> JudgeState:
        """Return what `restored` needs, as JSON."""
        return JudgeState(
            deployment=name,
            epoch=self.epoch,
            position=self.judge.position,
            state={
                "format": _FORMAT,
                "judge": self.judge.state(),
                "constant": self.constant.state(),
                "confirmed": self.confirmed,
                "crossing": _saved(self.crossing),
                "suspicion": _saved(self.suspicion),
            },
        )

    def _observation(self, assessed: Assessed) -> Observation:
        exchange = assessed.scored.exchange
        return Observation(
            exchange_id=exchange.id,
            at=exchange.started_at,
            scores=assessed.scores,
            fault=self._counts_as_fault(assessed),
        )

    def _counts_as_fault(self, assessed: Assessed) -> bool:
        """Whether an answer speaks against the version.

        An answer that the token limit cut may be the caller's doing; only against a reference,
        which knows how usual that is here, does it say something about the version.
        """
        if self.reference is not None:
            return assessed.fault
        return any(fault is not Fault.CUT for fault in assessed.faults)


def begun(
    deployment: Deployment, policy: Policy, reference: Reference | None, position: int = 0
) -> Watched:
    """Return a deployment with a new judge, who counts on from a position of the epoch."""
    judge = Judge(
        deployment=deployment.name,
        epoch=deployment.epoch,
        adapter=deployment.active,
        settings=_settings(policy, reference),
        reference=reference.channels if reference is not None else None,
        position=position,
    )
    return Watched(
        judge=judge,
        epoch=deployment.epoch,
        confirmed=deployment.confirmed,
        reference=reference,
        constant=_constant(reference),
    )


def restored(
    deployment: Deployment, policy: Policy, reference: Reference | None, saved: JudgeState
) -> Watched:
    """Return a deployment with the judge that was saved.

    If the version was confirmed since, the judge held it against an older reference; then a new
    one counts on, since positions of an epoch never repeat. So it does if the state was saved
    in another format: evidence begins anew, and the service starts.
    """
    if saved.state.get("format") != _FORMAT:
        log.warning(
            "the saved evidence is of another format; it begins anew",
            deployment=deployment.name,
            found=saved.state.get("format"),
            known=_FORMAT,
        )
        return begun(deployment, policy, reference, saved.position)
    if saved.state["confirmed"] != deployment.confirmed:
        return begun(deployment, policy, reference, saved.position)
    watched = begun(deployment, policy, reference)
    watched.judge = Judge.restore(saved.state["judge"], settings=_settings(policy, reference))
    watched.constant.restore(saved.state["constant"])
    watched.crossing = _kept(saved.state["crossing"])
    watched.suspicion = _kept(saved.state["suspicion"])
    return watched


def _settings(policy: Policy, reference: Reference | None) -> JudgeSettings:
    """Take the policy's numbers; faults that were usual in the reference are no news."""
    usual = reference.fault_rate_bound if reference is not None else 0.0
    return JudgeSettings(
        line=policy.line,
        suspicion_line=policy.suspicion_line,
        fault_rate_tolerated=min(max(policy.fault_rate_tolerated, usual), _ALWAYS),
        margin=policy.margin,
        min_golden_cases=policy.min_golden_cases,
        weights=HarmWeights(**policy.weights),
        drift_may_roll_back=policy.drift_may_roll_back,
    )


def _constant(reference: Reference | None) -> ConstantAnswers:
    if reference is None:
        return ConstantAnswers()
    return ConstantAnswers.for_share(reference.commonest_share)


def _saved(point: EvidencePoint | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {**asdict(point), "at": point.at.isoformat()}


def _kept(saved: Mapping[str, Any] | None) -> EvidencePoint | None:
    if saved is None:
        return None
    return EvidencePoint(**{**saved, "at": datetime.fromisoformat(saved["at"])})
