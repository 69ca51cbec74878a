"""The course of one policy over a log: when it would have suspected, rolled back or frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.ports.evidence import ObservedBatch
from monitor.ports.record import Observed
from monitor.runtime.replay.ground import NAME, Ground
from monitor.runtime.replay.rules import Rules
from monitor.runtime.watch import Watch
from rollback import decision
from rollback.decision import Decision, Freeze, Hold, RollBack, Suspect
from rollback.evidence import DRIFT, TRAFFIC, EvidencePoint
from rollback.judge_settings import DRIFT_WEIGHT
from rollback.policy import Approval, Policy
from rollback.situation import Situation
from rollback.thresholds import Action, Breach

_REPLICA = "replay"
_KINDS: Mapping[type[Decision], str] = {
    Suspect: "suspect",
    RollBack: "rollback",
    Freeze: "freeze",
}
_ENDS = frozenset({"rollback", "freeze"})
_ALERT, _HELD = "alert", "held"
ALARMS = frozenset({"suspect", *_ENDS})  # kinds of events that say something of the version


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the service would have done after an answer.

    Args:
        kind: suspect, rollback or freeze; alert for a broken rule that only tells people, held for
            harm that changes nothing.
        index: line of the log, counted from 0.
        channel: the channel that adds most, or the indicator of the rule that is broken.
        evidence: how much all channels have together.
    """

    kind: str
    index: int
    channel: str
    evidence: float
    reason: str


@dataclass(slots=True, kw_only=True)
class Course:
    """One policy's judge, and what was decided so far.

    After a rollback or a freeze nothing more is judged: the rest of the log is no longer what
    would have been served.

    Args:
        judged: answers that were weighed.
        indices: the line of the log that each point of `points` stands for.
    """

    name: str
    policy: Policy
    ground: Ground = field(repr=False)
    rules: Rules = field(repr=False)
    judged: int = 0
    events: list[Event] = field(default_factory=list)
    points: list[EvidencePoint] = field(default_factory=list, repr=False)
    indices: list[int] = field(default_factory=list, repr=False)
    _watch: Watch = field(init=False)
    _number: int = -1
    _told: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        # A replay never acts, and asks nobody: either would only hide what would have been done.
        self.policy = replace(self.policy, dry_run=False, approval=Approval())
        self._watch = Watch(self.ground, self.ground, {NAME: self.policy})

    @property
    def is_over(self) -> bool:
        """Whether the version was taken back, or the deployment frozen."""
        return any(event.kind in _ENDS for event in self.events)

    def follow(self, observed: Sequence[Observed], indices: Mapping[str, int]) -> Sequence[Event]:
        """Judge the next answers; return what is done after each.

        Args:
            indices: lines of the log by the answers' ids.
        """
        if self.is_over or not observed:
            return ()
        self._number += 1
        batch = ObservedBatch(
            replica=_REPLICA, number=self._number, after=self._number - 1, items=observed
        )
        points = self._watch.absorb([batch]).points
        found: list[Event] = []
        for each, point in zip(observed, points, strict=True):
            index = indices[each.observation.exchange_id]
            self.judged += 1
            self.points.append(point)
            self.indices.append(index)
            new = list(self._decided(point, index))
            found += new
            self.events += new
            if self.is_over:
                break
        return found

    def _decided(self, point: EvidencePoint, index: int) -> Iterator[Event]:
        """Yield what the control loop would do if it looked after this answer."""
        found = self.rules.assess(point.at)
        situation = Situation(
            versions={self.ground.baseline.name: self.ground.baseline},
            breaches=found.breaches,
            unjudged=found.unjudged,
            suspicion_known=any(event.kind == "suspect" for event in self.events),
        )
        yield from self._alerts(found.breaches, point, index)
        decided = decision.decide(self.ground.deployment, point, situation, self.policy, point.at)
        kind = _KINDS.get(type(decided))
        if kind is not None:
            channel = _channel(point, kind, self.policy, found.breaches)
            yield _event(kind, index, channel, point, decided.reason)
        elif isinstance(decided, Hold) and decided.tell:
            yield from self._once(_HELD, decided.because.value, point, index, decided.reason)

    def _alerts(
        self, breaches: Sequence[Breach], point: EvidencePoint, index: int
    ) -> Iterator[Event]:
        for breach in breaches:
            if breach.threshold.action is Action.ALERT:
                name = breach.threshold.indicator
                yield from self._once(_ALERT, name, point, index, f"threshold broken: {breach}")

    def _once(
        self, kind: str, channel: str, point: EvidencePoint, index: int, reason: str
    ) -> Iterator[Event]:
        """Yield what people are told; each once."""
        key = f"{kind}:{channel}"
        if key not in self._told:
            self._told.add(key)
            yield _event(kind, index, channel, point, reason)


def _event(kind: str, index: int, channel: str, point: EvidencePoint, reason: str) -> Event:
    evidence = point.suspicion if kind == "suspect" else point.evidence
    return Event(kind=kind, index=index, channel=channel, evidence=evidence, reason=reason)


def _channel(point: EvidencePoint, kind: str, policy: Policy, breaches: Sequence[Breach]) -> str:
    """Return what led to it: the loudest channel, or the rule where evidence did not."""
    acting = (each for each in breaches if each.threshold.action is Action.ROLLBACK)
    rule = next(acting, None)
    if kind == "suspect" or rule is None or point.evidence >= policy.line:
        return _loudest(point, kind, policy)
    return rule.threshold.indicator


def _loudest(point: EvidencePoint, kind: str, policy: Policy) -> str:
    """Return the channel that adds most: of drift for a suspicion, else to the evidence."""
    drift = {name: won for name, won in point.channels.items() if name.startswith(DRIFT)}
    harm = {
        name: _weight(name, policy) * won
        for name, won in point.channels.items()
        if name not in drift and not name.startswith(TRAFFIC)
    }
    channels = drift if drift and (kind == "suspect" or _is_by_drift(drift, harm, policy)) else harm
    return max(channels, key=lambda name: channels[name])


def _weight(name: str, policy: Policy) -> float:
    return policy.weights["pairs" if name == "grades" else name]


def _is_by_drift(drift: Mapping[str, float], harm: Mapping[str, float], policy: Policy) -> bool:
    """Whether the evidence, the larger of the two, is drift's."""
    shown = (1.0 - DRIFT_WEIGHT) * sum(harm.values())
    return policy.drift_may_roll_back and DRIFT_WEIGHT * max(drift.values()) > shown
