"""Watches every deployment: keeps a judge for each, and lets it judge what scorers observed.

Everything here runs on the one thread that owns the judges (see `judging`), except `point` and
`may_confirm`, which may be called from anywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitor.ports.deployments import Pointers
from monitor.ports.evidence import ObservedBatch, Yardsticks
from monitor.ports.record import Observed
from monitor.runtime import watched as watching
from monitor.runtime.golden_plan import Outcome
from monitor.runtime.references import reference_of
from monitor.runtime.watched import Watched
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint, JudgeState
from rollback.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What judges found, ready to be saved together.

    Args:
        read: replica → numbers of the batches read to before and now.
        dealt: answers to callers whom a canary dealt a version.
        calls_for_action: whether a line was reached, so that the control loop must look at once.
    """

    points: Sequence[EvidencePoint] = ()
    states: Sequence[JudgeState] = ()
    read: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    dealt: Sequence[Observed] = ()
    calls_for_action: bool = False


class Watch:
    """The judges of all deployments."""

    def __init__(
        self, deployments: Pointers, evidence: Yardsticks, policies: Mapping[str, Policy]
    ) -> None:
        self._deployments = deployments
        self._evidence = evidence
        self._policies = dict(policies)
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
            elif watched.is_confirmed_by(deployment):
                self._watched[deployment.name] = self._begin_anew(deployment, watched)

    def forget(self) -> None:
        """Let all judges go; what was not saved has not been."""
        self._watched = {}

    def absorb(self, batches: Sequence[ObservedBatch]) -> Judged:
        """Judge what was observed, in its order.

        One recorded batch at a time, so that the evidence is the same to the last bit however
        many are read at once.

        Raises `Unavailable` if the pointer has moved and Postgres cannot say where to. Then the
        judges have to be forgotten, for some may have judged a part.
        """
        points = [point for batch in batches for point in self._absorb(batch.items)]
        touched = sorted({point.deployment for point in points})
        return Judged(
            points=points,
            states=[self._watched[name].state(name) for name in touched],
            read=_read(batches),
            dealt=[
                each
                for batch in batches
                for each in batch.items
                if each.observation.dealt is not None
            ],
            calls_for_action=any(self._watched[name].is_urgent for name in touched),
        )

    def weigh_golden(self, deployment: Deployment, outcome: Outcome, *, clear: bool) -> Judged:
        """Put a golden run on the scales, if its epoch is still the present one.

        Raises `Unavailable` if there is no judge yet and Postgres cannot say where to begin.
        """
        self.follow([deployment])
        watched = self._watched.get(deployment.name)
        if watched is None or watched.epoch != deployment.epoch:
            return Judged()
        at = outcome.run.finished_at or datetime.now(UTC)
        point = watched.judge.observe_golden(outcome.differences, outcome.set_size, at=at)
        watched.remember(point)
        if clear:
            watched.clear_suspicion()
        return Judged(points=(point,), states=(watched.state(deployment.name),))

    def point(self, deployment: str) -> EvidencePoint | None:
        """Return the evidence to decide by: what reached a line, else the latest, else `None`."""
        watched = self._watched.get(deployment)
        return None if watched is None else watched.point

    def may_confirm(self, deployment: Deployment) -> bool:
        """Whether enough answers were judged for a reference, and nothing speaks against it."""
        watched = self._watched.get(deployment.name)
        return (
            watched is not None
            and watched.epoch == deployment.epoch
            and watched.judge.position >= self._policies[deployment.name].reference_size
            and not watched.is_urgent
        )

    def _absorb(self, rest: Sequence[Observed]) -> Iterator[EvidencePoint]:
        """Judge a batch; where the pointers have moved within it, follow them there."""
        while rest:
            count = self._known(rest)
            if count == 0:
                self.follow(self._deployments.all())
                count = max(1, self._known(rest))
            for name, own in _by_deployment(rest[:count]).items():
                watched = self._watched.get(name)
                if watched is not None:
                    yield from watched.judge_all(own)
            rest = rest[count:]

    def _known(self, observed: Sequence[Observed]) -> int:
        """Return how many there are before the first that was scored by later pointers."""
        behind = (index for index, each in enumerate(observed) if self._is_behind(each))
        return next(behind, len(observed))

    def _is_behind(self, observed: Observed) -> bool:
        if observed.deployment not in self._policies:
            return False
        watched = self._watched.get(observed.deployment)
        return watched is None or watched.is_before(observed)

    def _open(self, deployment: Deployment) -> Watched:
        policy = self._policies[deployment.name]
        reference = reference_of(self._evidence, deployment)
        saved = self._evidence.judge_state(deployment.name)
        if saved is None or saved.epoch != deployment.epoch:
            return watching.begun(deployment, policy, reference)
        return watching.restored(deployment, policy, reference, saved)

    def _begin_anew(self, deployment: Deployment, watched: Watched) -> Watched:
        """Hold a confirmed version against its own reference; positions go on."""
        policy = self._policies[deployment.name]
        reference = reference_of(self._evidence, deployment)
        return watching.begun(deployment, policy, reference, watched.judge.position)


def _by_deployment(observed: Sequence[Observed]) -> Mapping[str, list[Observed]]:
    found: defaultdict[str, list[Observed]] = defaultdict(list)
    for each in observed:
        found[each.deployment].append(each)
    return found


def _read(batches: Sequence[ObservedBatch]) -> Mapping[str, tuple[int, int]]:
    """Return how far each replica is read by these batches: (before, now)."""
    read: dict[str, tuple[int, int]] = {}
    for batch in batches:
        before, _ = read.get(batch.replica, (batch.after, batch.after))
        read[batch.replica] = (before, batch.number)
    return read
