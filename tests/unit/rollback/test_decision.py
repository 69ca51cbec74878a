"""What is decided about a deployment."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.decision import Because, Decision, Freeze, Hold, Propose, RollBack, Suspect, decide
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.policy import Approval, Policy
from rollback.proposal import Act, Answer, Proposal
from rollback.situation import Neighbours, Situation
from rollback.thresholds import Action, Breach, Figure, Side, Threshold, Unjudged
from rollback.versions import AdapterVersion, VersionState
from rollback.windows import Maintenance, Window

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


def _breach(action: Action, indicator: str = "fault_rate", **facts: Any) -> Breach:
    rule = Threshold(
        indicator=indicator,
        side=Side.ABOVE,
        limit=0.2,
        lasting=timedelta(minutes=5),
        at_least=20,
        action=action,
    )
    values = {"since": _NOW, "value": 0.6, "answers": 80, "limit": 0.2} | facts
    return Breach(threshold=rule, adapter=_V2, **values)


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


def test_a_pinned_deployment_stays_and_people_hear_of_it() -> None:
    """A person holds it where it is, whatever the evidence."""
    decision = _decide(deployment=replace(_DEPLOYMENT, pinned="the fair is on"))
    assert isinstance(decision, Hold)
    assert (decision.because, decision.tell) == (Because.PINNED, True)
    assert "pinned: the fair is on" in decision.reason
    assert not isinstance(_decide(None, replace(_DEPLOYMENT, pinned="x")), Suspect)


def _slow(**facts: Any) -> Situation:
    return replace(_SITUATION, breaches=(_breach(Action.ROLLBACK, "latency_p95_s", **facts),))


def test_slow_answers_are_the_adapters_fault_where_the_baseline_is_quick() -> None:
    """On the same engine, at the same time."""
    decision = _decide(None, situation=_slow(beside=Figure(value=0.1, answers=30)))
    assert isinstance(decision, RollBack)
    assert decision.numbers["attribution"]["cause"] == "adapter"


def test_a_slow_engine_is_no_adapters_fault() -> None:
    """The baseline is slow too: people are told, and nothing moves."""
    decision = _decide(None, situation=_slow(beside=Figure(value=0.7, answers=30)))
    assert isinstance(decision, Hold)
    assert (decision.because, decision.tell) == (Because.UNATTRIBUTED, True)
    assert "the cause is engine: the baseline on the same engine is hit" in decision.reason


def test_without_anything_to_compare_with_a_slow_version_stays() -> None:
    """Unknown is not the adapter."""
    decision = _decide(None, situation=_slow())
    assert isinstance(decision, Hold)
    assert decision.numbers["attribution"]["cause"] == "unknown"


def test_other_deployments_tell_the_engine_from_the_adapter() -> None:
    """Most of them hit: the engine; none of them: the adapter."""
    for hit, kind in ((2, Hold), (0, RollBack)):
        around = {"latency_p95_s": Neighbours(count=3, hit=hit)}
        assert isinstance(_decide(None, situation=replace(_slow(), neighbours=around)), kind)


def test_what_began_with_the_version_is_the_versions() -> None:
    """The baseline was quick until then, and the prompts are the same."""
    promoted = replace(_DEPLOYMENT, promoted_at=_NOW)
    quick = Figure(value=0.1, answers=500)
    assert isinstance(_decide(None, promoted, _slow(before=quick)), RollBack)
    later = _slow(before=quick, since=_NOW + timedelta(minutes=9))
    assert isinstance(_decide(None, promoted, later), Hold)
    moved = _point(traffic=5_000.0)
    decision = _decide(moved, promoted, _slow(before=quick))
    assert decision.numbers["attribution"]["cause"] == "traffic"


def test_a_rule_that_may_roll_back_goes_before_one_that_may_not() -> None:
    """A slow engine hides no broken answers."""
    both = (_breach(Action.ROLLBACK, "latency_p95_s"), _breach(Action.ROLLBACK))
    assert isinstance(_decide(None, situation=replace(_SITUATION, breaches=both)), RollBack)


def test_evidence_carries_its_attribution() -> None:
    """Pairs compare on the same prompts and engine; another base model excuses the adapter."""
    paired = replace(_HARM, channels={"pairs": 1e6, "faults": 1.0})
    assert _decide(paired).numbers["attribution"]["cause"] == "adapter"
    changed = replace(_SITUATION, base_changed=True)
    assert _decide(paired, situation=changed).numbers["attribution"]["cause"] == "base model"


_NIGHT = Maintenance(windows=(Window(start=_NOW, lasting=timedelta(hours=2)),))


def test_a_maintenance_window_holds_and_tells() -> None:
    """Hard faults go through where the policy says so."""
    decision = _decide(policy=Policy(maintenance=_NIGHT))
    assert isinstance(decision, Hold)
    assert (decision.because, decision.tell) == (Because.MAINTENANCE, True)
    spared = Policy(maintenance=replace(_NIGHT, except_hard_faults=True))
    assert isinstance(_decide(policy=spared), Hold)
    hard = replace(_HARM, channels={"faults": 500_000.0})
    assert isinstance(_decide(hard, policy=spared), RollBack)


def _proposal(answer: Answer, to: str | None = _V1, epoch: int = 4) -> Situation:
    asked = Proposal(
        id="p1",
        deployment="support",
        epoch=epoch,
        act=Act.ROLLBACK,
        version=to,
        reason="harm",
        made_at=_NOW,
        made_by="backstop",
        answer=answer,
        answered_by="ann",
        answer_reason="wait",
    )
    return replace(_SITUATION, proposal=asked)


_ASKS = Policy(approval=Approval(rollback=True))


def test_a_rollback_that_needs_approval_is_proposed_once() -> None:
    """Then it waits, is done, or is not."""
    asked = _decide(policy=_ASKS)
    assert isinstance(asked, Propose)
    assert asked.to == _V1
    waits = _decide(policy=_ASKS, situation=_proposal(Answer.PENDING))
    assert isinstance(waits, Hold)
    assert "backstop approve p1" in waits.reason
    no = _decide(policy=_ASKS, situation=_proposal(Answer.REJECTED))
    assert isinstance(no, Hold)
    assert "ann said no: wait" in no.reason


def test_what_is_approved_is_done_whatever_holds_others_back() -> None:
    """Also when the harm is over, in a window, and on a frozen deployment; not in another epoch."""
    yes = _proposal(Answer.APPROVED)
    frozen = replace(_DEPLOYMENT, frozen="x", pinned="y")
    decision = _decide(None, frozen, yes, Policy(maintenance=_NIGHT))
    assert isinstance(decision, RollBack)
    assert (decision.to, decision.because) == (_V1, Because.APPROVED)
    assert isinstance(_decide(None, situation=_proposal(Answer.APPROVED, epoch=3)), Hold)
    unknown = _proposal(Answer.APPROVED, to=_V3)
    assert isinstance(_decide(None, situation=unknown), Hold)


def test_a_policy_that_asks_more_people_asks_anew() -> None:
    """One person's yes, or a question to one, is none to two."""
    two = replace(_ASKS, approval=Approval(rollback=2))
    for said in (Answer.APPROVED, Answer.PENDING):
        assert isinstance(_decide(policy=two, situation=_proposal(said)), Propose)


def test_a_sick_baseline_is_passed_over() -> None:
    """The next good version comes, and the reason says why."""
    three = _versions(*_GOOD.values(), _version(_V3, VersionState.RETIRED, age_days=9))
    sick = Situation(versions=three, sick={_V1: "its proof failed"})
    decision = _decide(situation=sick)
    assert isinstance(decision, RollBack)
    assert decision.to == _V3
    assert f"{_V1} is passed over: its proof failed" in decision.reason


def test_a_version_that_was_left_for_its_harm_does_not_come_back_within_the_window() -> None:
    """Also if a person has released it."""
    left = replace(_SITUATION, left={_V1: _NOW - timedelta(hours=3)})
    assert isinstance(_decide(situation=left), Freeze)
    longer = replace(_SITUATION, left={_V1: _NOW - timedelta(hours=24)})
    assert isinstance(_decide(situation=longer), RollBack)


_BREACHES: list[tuple[Breach, ...]] = [
    (),
    (_breach(Action.ROLLBACK),),
    (_breach(Action.ALERT),),
    (_breach(Action.ROLLBACK, "latency_p95_s"),),
    (_breach(Action.ROLLBACK, "latency_p95_s", beside=Figure(value=0.1, answers=30)),),
]
_UNJUDGED = Unjudged(threshold=_breach(Action.ALERT).threshold, reason="no baseline")
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
        pinned=draw(st.none() | st.none() | st.just("by hand")),
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
        left=draw(st.dictionaries(st.sampled_from(_NAMES), _CLOCK, max_size=2)),
        sick=draw(st.dictionaries(st.sampled_from(_NAMES), st.just("ill"), max_size=2)),
        breaches=draw(st.sampled_from(_BREACHES)),
        unjudged=draw(st.sampled_from([(), (_UNJUDGED,)])),
        neighbours=draw(st.sampled_from([{}, {"latency_p95_s": Neighbours(count=2, hit=2)}])),
        base_changed=draw(st.sampled_from([None, True, False])),
        suspicion_known=draw(st.booleans()),
        proposal=draw(st.none() | st.sampled_from(Answer).map(lambda a: _proposal(a).proposal)),
    )
    policy = Policy(
        dry_run=draw(st.booleans()),
        base_model_as_last_resort=draw(st.booleans()),
        approval=Approval(rollback=draw(st.booleans())),
        maintenance=draw(st.sampled_from([Maintenance(), Maintenance(), _NIGHT])),
        cool_down=timedelta(minutes=draw(st.integers(0, 60))),
    )
    return deployment, draw(st.none() | st.just(point)), situation, policy


def _is_approved(situation: Situation) -> bool:
    return situation.proposal is not None and situation.proposal.answer is Answer.APPROVED


@given(_cases())
def test_no_target_is_ever_unfit(
    case: tuple[Deployment, EvidencePoint | None, Situation, Policy],
) -> None:
    """Never quarantined, unverified, unknown, sick or just left, never the active one."""
    deployment, point, situation, policy = case
    decision = decide(deployment, point, situation, policy, _NOW)
    if not isinstance(decision, RollBack | Propose):
        return
    assert decision.to != deployment.active
    if decision.to is not None:
        assert situation.versions[decision.to].is_servable
    if decision.because is Because.APPROVED:
        assert _is_approved(situation)
        return
    assert not policy.dry_run
    assert (deployment.frozen, deployment.pinned) == (None, None)
    assert policy.maintenance.window(_NOW) is None
    if decision.to is None:
        assert policy.base_model_as_last_resort
    else:
        assert decision.to not in situation.sick
        fled = situation.left.get(decision.to)
        assert fled is None or _NOW - fled >= policy.rollback_window


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
    if (
        isinstance(decision, RollBack | Freeze | Propose)
        and decision.because is not Because.APPROVED
    ):
        assert shown or ruled
        assert decision.reason


@given(_cases())
def test_what_needs_approval_is_never_done_without(
    case: tuple[Deployment, EvidencePoint | None, Situation, Policy],
) -> None:
    """Only a person's yes, in this epoch, moves the pointer then."""
    deployment, point, situation, policy = case
    asking = replace(policy, approval=Approval(rollback=True))
    decision = decide(deployment, point, situation, asking, _NOW)
    assert not isinstance(decision, RollBack) or decision.because is Because.APPROVED


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


@given(_cases(), st.integers(1, 24 * 60 - 1))
def test_no_decision_flaps(
    case: tuple[Deployment, EvidencePoint | None, Situation, Policy], minutes: int
) -> None:
    """After a rollback, whatever is shown and whoever is released, none goes back within the window."""
    deployment, point, situation, policy = case
    decision = decide(deployment, point, situation, policy, _NOW)
    if not isinstance(decision, RollBack) or deployment.active is None:
        return
    bad = deployment.active
    later = _NOW + timedelta(minutes=minutes)
    after = replace(deployment, active=decision.to, baseline=bad, epoch=deployment.epoch + 1)
    released = replace(situation.versions[bad], state=VersionState.RETIRED)
    since = replace(
        situation,
        versions={**situation.versions, bad: released},
        rollbacks=(*situation.rollbacks, _NOW),
        left={**situation.left, bad: _NOW},
        proposal=None,
    )
    harmed = _point(adapter=after.active, epoch=after.epoch, evidence=1e300)
    again = decide(after, harmed, since, policy, later)
    assert not (isinstance(again, RollBack | Propose) and again.to == bad)
