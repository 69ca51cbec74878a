"""One deployment under watch: its judge, and how it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from guards.reference import Reference
from monitor.ports.record import Observed
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint, JudgeState
from rollback.judge import Judge
from rollback.judge_settings import HarmWeights, JudgeSettings
from rollback.observation import Observation
from rollback.policy import Policy

log = structlog.get_logger(__name__)

_FORMAT = 7  # of the saved state; raise it with every change of what is saved, or of its meaning
_ALWAYS = 0.99  # where nearly every usual answer is faulty, faults are no news at all


@dataclass(slots=True, kw_only=True)
class Watched:
    """One deployment under one epoch, and against one reference.

    Args:
        confirmed: whether the judge is for scores against the version's own reference.
        crossing: the point that reached the line, kept since evidence may fall again.
        suspicion: the point whose drift reached its line, kept for the same reason until cleared.
    """

    judge: Judge
    adapter: str | None
    epoch: int
    confirmed: bool
    crossing: EvidencePoint | None = None
    suspicion: EvidencePoint | None = None

    @property
    def point(self) -> EvidencePoint | None:
        """The evidence that reached the line, else the drift that did, else the latest."""
        return self.crossing or self.suspicion or self.judge.point

    @property
    def is_urgent(self) -> bool:
        """Whether the control loop must look at once."""
        return self.judge.crossed or self.judge.suspected

    def is_before(self, observed: Observed) -> bool:
        """Whether an answer was scored by later pointers than this judge is for."""
        if observed.epoch != self.epoch:
            return observed.epoch > self.epoch
        return observed.own_reference and not self.confirmed

    def is_confirmed_by(self, deployment: Deployment) -> bool:
        """Whether the version was confirmed since; what is read late of an older epoch says nothing."""
        return deployment.epoch == self.epoch and deployment.confirmed and not self.confirmed

    def is_for(self, observed: Observed) -> bool:
        """Whether an answer is for this judge: of its version and epoch."""
        return (observed.epoch, observed.adapter) == (self.epoch, self.adapter)

    def judge_all(self, observed: Sequence[Observed]) -> list[EvidencePoint]:
        """Judge the answers that are for this judge; return the evidence after each."""
        points = self.judge.observe_all(
            [self._observation(each) for each in observed if self.is_for(each)]
        )
        for point in points:
            self.remember(point)
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

    def _observation(self, observed: Observed) -> Observation:
        """Return what counts of an answer: no scores that were made against another reference.

        Scorers learn of a confirmation a moment after the judge. A fault counts as it was seen.
        """
        if observed.own_reference == self.confirmed:
            return observed.observation
        return replace(
            observed.observation, scores={}, category=None, prompt_distance=None, caller=None
        )

    def state(self, name: str) -> JudgeState:
        """Return what `restored` needs, as JSON."""
        return JudgeState(
            deployment=name,
            epoch=self.epoch,
            position=self.judge.position,
            state={
                "format": _FORMAT,
                "judge": self.judge.state(),
                "confirmed": self.confirmed,
                "crossing": _saved(self.crossing),
                "suspicion": _saved(self.suspicion),
            },
        )


def begun(
    deployment: Deployment, policy: Policy, reference: Reference | None, position: int = 0
) -> Watched:
    """Return a deployment with a new judge, who counts on from a position of the epoch."""
    judge = Judge(
        deployment=deployment.name,
        epoch=deployment.epoch,
        adapter=deployment.active,
        settings=settings_of(policy, reference),
        reference=reference.channels if reference is not None else None,
        usual=reference.usual if reference is not None else None,
        grades=reference.grades if reference is not None else (),
        categories=reference.categories if reference is not None else None,
        callers=reference.callers if reference is not None else None,
        position=position,
    )
    return Watched(
        judge=judge,
        adapter=deployment.active,
        epoch=deployment.epoch,
        confirmed=deployment.confirmed,
    )


def restored(
    deployment: Deployment, policy: Policy, reference: Reference | None, saved: JudgeState
) -> Watched:
    """Return a deployment with the judge that was saved.

    If the version was confirmed since, the judge held it against an older reference; then a new
    one counts on, since positions of an epoch never repeat. Of a state of an older format the harm
    goes on, where it can be read. Where the reference has other channels than the judge had, drift
    begins anew; harm, which needs no channels, goes on.
    """
    if saved.state.get("format") != _FORMAT:
        return _taken_over(deployment, policy, reference, saved)
    if saved.state["confirmed"] != deployment.confirmed:
        return begun(deployment, policy, reference, saved.position)
    watched = begun(deployment, policy, reference)
    watched.judge = Judge.restore(
        saved.state["judge"],
        settings=settings_of(policy, reference),
        usual=reference.usual if reference is not None else None,
    )
    if reference is not None and watched.judge.channels != tuple(sorted(reference.channels)):
        log.warning(
            "the reference has other channels than the saved evidence; drift begins anew",
            deployment=deployment.name,
            found=watched.judge.channels,
            known=sorted(reference.channels),
        )
        watched.judge.begin_drift_anew(reference.channels, reference.usual, reference.categories)
    watched.crossing = _kept(saved.state["crossing"])
    watched.suspicion = _kept(saved.state["suspicion"])
    return watched


def _taken_over(
    deployment: Deployment, policy: Policy, reference: Reference | None, saved: JudgeState
) -> Watched:
    """Return what a state of another format leaves: its harm if it can be read, else its position."""
    watched = begun(deployment, policy, reference, saved.position)
    try:
        if saved.state["confirmed"] != deployment.confirmed:
            return watched
        crossing = _kept(saved.state["crossing"])
        watched.judge.take_over_harm(saved.state["judge"])
    except (KeyError, TypeError, ValueError) as error:
        log.warning(
            "the saved evidence is of another format; it begins anew",
            deployment=deployment.name,
            found=saved.state.get("format"),
            known=_FORMAT,
            error=repr(error),
        )
        return begun(deployment, policy, reference, saved.position)
    log.warning(
        "the saved evidence is of an older format; drift begins anew", deployment=deployment.name
    )
    watched.crossing = crossing
    return watched


def settings_of(policy: Policy, reference: Reference | None) -> JudgeSettings:
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
        caller_share_cap=policy.caller_share_cap,
    )


def _saved(point: EvidencePoint | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {**asdict(point), "at": point.at.isoformat()}


def _kept(saved: Mapping[str, Any] | None) -> EvidencePoint | None:
    if saved is None:
        return None
    return EvidencePoint(**{**saved, "at": datetime.fromisoformat(saved["at"])})
