"""What is decided about a deployment."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.decision import Decision, Freeze, Hold, RollBack, Situation, Suspect, decide
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.policy import Policy
from rollback.thresholds import Action, Breach, Side, Threshold
from rollback.versions import AdapterVersion, VersionState

_NOW = datetime(2026, 1, 2, tzinfo=UTC)
_POLICY = Policy()
_NAMES = tuple(f"support@{number:012x}" for number in range(1, 6))
_V1, _V2, _V3 = _NAMES[:3]


def _version(name: str, state: VersionState, age_days: int = 1) -> AdapterVersion:
    created = _NOW - timedelta(days=age_days)
    return AdapterVersion(name=name, label="", state=state, manifest={}, created_at=created)


def _versions(*versions: AdapterVersion) -> dict[str, AdapterVersion]:
    return {version.name: version for version in versions}


_DEPLOYMENT = Deployment(name="support", active=_V2, baseline=_V1, epoch=4)
_GOOD = _versions(_version(_V1, VersionState.RETIRED), _version(_V2, VersionState.ACTIVE))
_SITUATION = Situation(versions=_GOOD)


def _point(**changes: Any) -> EvidencePoint:
    facts: dict[str, Any] = {
        "deployment": "support",
        "adapter": _V2,
        "epoch": 4,
        "position": 12,
        "at": _NOW,
        "suspicion": 0.0,
        "suspicion_line": 1_000.0,
        "evidence": 0.0,
        "line": 100_000.0,
        "channels": {"faults": 2.0},
    }
    return EvidencePoint(**(facts | changes))


_HARM = _point(evidence=250_000.0)


def _breach(action: Action) -> Breach:
    rule = Threshold(
        indicator="fault_rate",
        side=Side.ABOVE,
        limit=0.2,
        lasting=timedelta(minutes=5),
        at_least=20,
        action=action,
    )
    return Breach(threshold=rule, adapter=_V2, since=_NOW, value=0.6, answers=80)


def _decide(
    point: EvidencePoint | None = _HARM,
    deployment: Deployment = _DEPLOYMENT,
    situation: Situation = _SITUATION,
    policy: Policy = _POLICY,
) -> Decision:
    return decide(deployment, point, situation, policy, _NOW)


def test_evidence_at_the_line_rolls_back_onto_the_baseline() -> None:
    """The reason holds the numbers, and the numbers are JSON."""
    decision = _decide(_point(evidence=100_000.0))
    assert isinstance(decision, RollBack)
    assert decision.to == _V1
    assert decision.reason == (
        f"evidence of harm 100,000 reached the line 100,000 after 12 answers; back to {_V1}"
    )
    assert json.loads(json.dumps(decision.numbers))["evidence"] == 100_000.0


def test_overwhelming_evidence_stays_readable() -> None:
    """Nobody reads 300 digits."""
    reason = _decide(_point(evidence=1e300)).reason
    assert reason.startswith("evidence of harm 1.0e+300 reached the line 100,000 after 12 answers")


def test_what_drift_alone_has_won_is_not_called_harm() -> None:
    """Where the policy lets drift roll back, a fifth of the suspicion is evidence."""
    may = replace(_POLICY, drift_may_roll_back=True)
    drift = _decide(_point(evidence=100_000.0, suspicion=500_000.0), policy=may).reason
    assert drift.startswith("evidence of drift, which the policy lets roll back, 100,000 reached")
    harm = _decide(_point(evidence=100_001.0, suspicion=500_000.0), policy=may).reason
    assert harm.startswith("evidence of harm")


def test_evidence_below_the_line_holds() -> None:
    """Not even by a little."""
    assert isinstance(_decide(_point(evidence=99_999.9)), Hold)


def test_no_evidence_holds() -> None:
    """Too little data is no harm."""
    assert isinstance(_decide(None), Hold)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_broken_measurement_moves_nothing(broken: float) -> None:
    """A number that is none says that the measuring broke, not the adapter."""
    assert isinstance(_decide(_point(evidence=broken)), Hold)
    decision = _decide(_point(suspicion=broken, channels={"pairs": broken}))
    assert isinstance(decision, Hold)
    json.dumps(decision.numbers, allow_nan=False)


@pytest.mark.parametrize("change", [{"epoch": 3}, {"adapter": _V1}, {"deployment": "sales"}])
def test_evidence_about_something_else_is_ignored(change: dict[str, Any]) -> None:
    """A point of the epoch before must not hit the version that has just come back."""
    assert isinstance(_decide(replace(_HARM, **change)), Hold)


def test_a_broken_threshold_rolls_back_where_its_rule_says_so() -> None:
    """The operator's own rule needs no evidence."""
    breached = replace(_SITUATION, breaches=(_breach(Action.ROLLBACK),))
    decision = _decide(None, situation=breached)
    assert isinstance(decision, RollBack)
    assert "fault_rate above 0.2 for 5m (0.6 at last, 80 answers)" in decision.reason


def test_a_threshold_that_only_alerts_changes_nothing() -> None:
    """It is among the numbers for whoever alerts."""
    decision = _decide(None, situation=replace(_SITUATION, breaches=(_breach(Action.ALERT),)))
    assert isinstance(decision, Hold)
    assert decision.numbers["breaches"]


def test_a_suspicion_says_whether_the_prompts_have_changed_too() -> None:
    """And prompts that change alone raise none."""
    both = _decide(_point(suspicion=1_000.0, traffic=2_000.0))
    assert isinstance(both, Suspect)
    assert "so did the change of the prompts" in both.reason
    assert "prompts" not in _decide(_point(suspicion=1_000.0, traffic=10.0)).reason
    assert isinstance(_decide(_point(traffic=2_000.0)), Hold)


def test_drift_raises_suspicion_once() -> None:
    """Drift has no sign: it never rolls back by itself."""
    drift = _point(suspicion=1_000.0)
    assert isinstance(_decide(drift), Suspect)
    assert isinstance(_decide(drift, situation=replace(_SITUATION, suspicion_known=True)), Hold)


@pytest.mark.parametrize("state", [VersionState.QUARANTINED, VersionState.REGISTERED])
def test_a_baseline_that_may_not_serve_is_passed_over(state: VersionState) -> None:
    """The newest retired version of the family comes next."""
    versions = _versions(
        _version(_V1, state),
        _version(_V2, VersionState.ACTIVE),
        _version(_V3, VersionState.RETIRED, age_days=9),
        _version(_NAMES[3], VersionState.RETIRED, age_days=5),
        _version("sales@000000000009", VersionState.RETIRED, age_days=2),
    )
    decision = _decide(situation=Situation(versions=versions))
    assert isinstance(decision, RollBack)
    assert decision.to == _NAMES[3]


def test_without_a_good_version_the_base_model_serves_if_the_policy_allows() -> None:
    """Otherwise a person is called."""
    alone = Situation(versions=_versions(_version(_V2, VersionState.ACTIVE)))
    assert isinstance(_decide(situation=alone), Freeze)
    decision = _decide(situation=alone, policy=Policy(base_model_as_last_resort=True))
    assert isinstance(decision, RollBack)
    assert decision.to is None


def test_harm_of_the_base_model_calls_a_person() -> None:
    """There is nothing to roll back to, or from."""
    base = replace(_DEPLOYMENT, active=None)
    assert isinstance(_decide(replace(_HARM, adapter=None), deployment=base), Freeze)


def test_a_frozen_deployment_is_left_alone() -> None:
    """Whatever the evidence."""
    decision = _decide(deployment=replace(_DEPLOYMENT, frozen="a person looks"))
    assert isinstance(decision, Hold)
    assert "a person looks" in decision.reason


def test_a_dry_run_only_tells() -> None:
    """The reason says what would have been done."""
    decision = _decide(policy=Policy(dry_run=True))
    assert isinstance(decision, Hold)
    assert decision.reason.startswith("dry run: would roll back: evidence of harm")


def test_the_cool_down_holds_and_then_ends() -> None:
    """The sentence says how long is left to wait."""
    recent = replace(_SITUATION, rollbacks=(_NOW - timedelta(minutes=2),))
    decision = _decide(situation=recent)
    assert isinstance(decision, Hold)
    assert "2m ago and the cool-down is 5m" in decision.reason
    rested = replace(_SITUATION, rollbacks=(_NOW - timedelta(minutes=5),))
    assert isinstance(_decide(situation=rested), RollBack)


def test_too_many_rollbacks_freeze() -> None:
    """Those before the window no longer count."""
    hours = [timedelta(hours=h) for h in (1, 2, 3)]
    busy = replace(_SITUATION, rollbacks=tuple(_NOW - h for h in hours))
    assert isinstance(_decide(situation=busy), Freeze)
    older = replace(_SITUATION, rollbacks=tuple(_NOW - timedelta(hours=22) - h for h in hours))
    assert isinstance(_decide(situation=older), RollBack)


_STATES = st.lists(st.sampled_from(VersionState), min_size=5, max_size=5)
_CLOCK = st.integers(0, 48 * 60).map(lambda minutes: _NOW - timedelta(minutes=minutes))


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Deployment, EvidencePoint | None, Situation, Policy]:
    states = draw(_STATES)
    names = st.none() | st.sampled_from(_NAMES)
    deployment = Deployment(
        name="support",
        active=draw(names),
        baseline=draw(names | st.just("support@unknown")),
        epoch=4,
        frozen=draw(st.none() | st.just("by hand")),
    )
    point = _point(
        adapter=draw(st.just(deployment.active) | names),
        epoch=draw(st.sampled_from([3, 4, 4, 4])),
        evidence=draw(st.sampled_from([0.0, 1e5, 1e300, math.nan])),
        suspicion=draw(st.sampled_from([0.0, 1e3, math.nan])),
    )
    situation = Situation(
        versions=_versions(
            *(_version(n, s, draw(st.integers(0, 9))) for n, s in zip(_NAMES, states, strict=True))
        ),
        rollbacks=tuple(draw(st.lists(_CLOCK, max_size=4))),
        breaches=draw(st.sampled_from([(), (_breach(Action.ROLLBACK),), (_breach(Action.ALERT),)])),
        suspicion_known=draw(st.booleans()),
    )
    policy = Policy(dry_run=draw(st.booleans()), base_model_as_last_resort=draw(st.booleans()))
    return deployment, draw(st.none() | st.just(point)), situation, policy


@given(_cases())
def test_no_target_is_ever_unfit(
    case: tuple[Deployment, EvidencePoint | None, Situation, Policy],
) -> None:
    """Never quarantined, never unverified, never the active one, never unknown."""
    deployment, point, situation, policy = case
    decision = decide(deployment, point, situation, policy, _NOW)
    if isinstance(decision, RollBack):
        assert decision.to != deployment.active
        assert not policy.dry_run
        assert deployment.frozen is None
        if decision.to is None:
            assert policy.base_model_as_last_resort
        else:
            assert situation.versions[decision.to].is_servable


@given(_cases())
def test_without_harm_nothing_moves(
    case: tuple[Deployment, EvidencePoint | None, Situation, Policy],
) -> None:
    """Harm is evidence over the line about the active version, or a broken rule that says so."""
    deployment, point, situation, policy = case
    decision = decide(deployment, point, situation, policy, _NOW)
    shown = (
        point is not None
        and (point.epoch, point.adapter) == (deployment.epoch, deployment.active)
        and point.evidence >= policy.line
    )
    ruled = any(breach.threshold.action is Action.ROLLBACK for breach in situation.breaches)
    if isinstance(decision, RollBack | Freeze):
        assert shown or ruled
        assert decision.reason


@given(_cases())
def test_a_decision_is_idempotent(
    case: tuple[Deployment, EvidencePoint | None, Situation, Policy],
) -> None:
    """Asked again, it is the same; carried out, the same evidence moves nothing more."""
    deployment, point, situation, policy = case
    decision = decide(deployment, point, situation, policy, _NOW)
    assert decide(deployment, point, situation, policy, _NOW) == decision
    if isinstance(decision, RollBack):
        after = replace(deployment, active=decision.to, epoch=deployment.epoch + 1)
        quiet = replace(situation, breaches=())
        assert isinstance(decide(after, point, quiet, policy, _NOW), Hold)
