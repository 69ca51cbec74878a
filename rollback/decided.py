"""A decision on record: what was decided, by which numbers, and in which words it is explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from rollback.canonical import plain
from rollback.case import Case
from rollback.decision import Decision, Freeze, Hold, Propose, RollBack, Suspect
from rollback.durations import spell
from rollback.shown_harm import spell as spell_evidence
from rollback.times import iso, require_aware

KINDS: Mapping[type[Decision], str] = {
    Hold: "hold",
    Suspect: "suspect",
    RollBack: "rollback",
    Propose: "propose",
    Freeze: "freeze",
}

_ACTS: Mapping[str, str] = {
    "hold": "nothing was changed",
    "suspect": "a closer look was started",
    "rollback": "{to} was put back",
    "propose": "a person was asked whether {to} may come back",
    "freeze": "nothing may be changed by itself any more, and a person was called",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision and the case that led to it.

    Raises:
        ValueError: if `at` is naive.
    """

    id: str
    at: datetime
    case: Case
    decision: Decision

    def __post_init__(self) -> None:
        require_aware(f"decision {self.id}", at=self.at)

    @property
    def kind(self) -> str:
        """Which kind of decision it is, in one word."""
        return KINDS[type(self.decision)]

    @property
    def to(self) -> str | None:
        """The version that shall come back, if any; `None` may be the base model."""
        return self.decision.to if isinstance(self.decision, RollBack | Propose) else None

    @property
    def gist(self) -> tuple[Any, ...]:
        """What it is about, without its numbers: while this stays, nothing new was decided."""
        case = self.case
        cause = self.decision.numbers.get("attribution") or {}
        return (
            case.deployment.epoch,
            case.deployment.revision,
            self.kind,
            self.decision.because.value,
            self.to,
            tuple(str(breach.threshold) for breach in case.situation.breaches),
            tuple(str(silent.threshold) for silent in case.situation.unjudged),
            cause.get("cause"),
        )

    @property
    def replays(self) -> bool:
        """Whether the stored numbers give the same decision again."""
        again = self.case.decide()
        return dump(again) == dump(self.decision)


def dump(decision: Decision) -> Mapping[str, Any]:
    """Return a decision as JSON."""
    written: Mapping[str, Any] = plain(
        {"kind": KINDS[type(decision)], **msgspec.to_builtins(decision)}
    )
    return written


def load(written: Mapping[str, Any]) -> Decision:
    """Return the decision that `dump` wrote.

    Raises:
        KeyError: for a kind that is unknown.
        msgspec.ValidationError: for JSON that it did not write.
    """
    kinds = {name: kind for kind, name in KINDS.items()}
    kind: type[Decision] = kinds[written["kind"]]
    return msgspec.convert({k: v for k, v in written.items() if k != "kind"}, kind)


def sentences(decided: Decided) -> Iterator[str]:
    """Yield why it was decided so, a sentence each."""
    case = decided.case
    to = decided.to or "the base model"
    act = _ACTS[decided.kind].format(to=to)
    serving = case.deployment.active or "the base model"
    yield (
        f"At {iso(decided.at)} {serving} served {case.deployment.name} "
        f"(epoch {case.deployment.epoch}), and {act}: {decided.decision.reason}."
    )
    yield from _evidence(case)
    yield from _rules(case)
    yield from _cause(decided)
    yield from _restraints(case)
    if decided.replays:
        yield "Decided again from these stored numbers, it is the same."
    else:
        yield "Decided again from these stored numbers, it is not the same: the rules have changed."


def _evidence(case: Case) -> Iterator[str]:
    point, policy = case.point, case.policy
    if point is None:
        yield "No answer of the version had been judged."
        return
    yield (
        f"Evidence of harm was {_figure(point.evidence)} of the {spell_evidence(policy.line)} that "
        f"roll back, after {point.position} answers ({point.capped} did not count, for their "
        "callers had their share)."
    )
    yield (
        f"Drift was {_figure(point.suspicion)} and the change of the prompts "
        f"{_figure(point.traffic)}, of the {spell_evidence(policy.suspicion_line)} that raise "
        "suspicion."
    )


def _figure(value: float) -> str:
    return f"{value:.3g}" if value < 1_000 else spell_evidence(value)


def _rules(case: Case) -> Iterator[str]:
    situation, rules = case.situation, case.policy.thresholds
    for breach in situation.breaches:
        yield f"Broken since {iso(breach.since)}: {breach}; its action is {breach.threshold.action.value}."
    for silent in situation.unjudged:
        yield f"Not judged: {silent.threshold}: {silent.reason}."
    if rules and not situation.breaches:
        whole = len(rules) - len(situation.unjudged)
        yield f"Of {len(rules)} rules {whole} could be judged, and none was broken."


def _cause(decided: Decided) -> Iterator[str]:
    found = decided.decision.numbers.get("attribution")
    if found:
        yield f"The cause was {found['cause']}: {found['reason']}."


def _restraints(case: Case) -> Iterator[str]:
    policy, rollbacks = case.policy, case.situation.rollbacks
    if rollbacks:
        ago = spell(case.now - max(rollbacks))
        yield (
            f"The last automatic rollback was {ago} before, with a cool-down of "
            f"{spell(policy.cool_down)}; {policy.max_rollbacks} are allowed within "
            f"{spell(policy.rollback_window)}."
        )
    for version, why in case.situation.sick.items():
        yield f"{version} was no place to go back to: {why}."
    window = policy.maintenance.window(case.now)
    if window is not None:
        yield f"A maintenance window held: {window}."
    if policy.dry_run:
        yield "The policy was in a dry run: what is decided is told, and not done."
