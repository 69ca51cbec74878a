"""Decisions on record: every kind gives the same again from its stored numbers."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from rollback import case as cases
from rollback.canonical import canonical
from rollback.decided import KINDS, Decided, sentences
from rollback.decision import Because
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.policy import Approval, Policy
from rollback.situation import Situation
from rollback.thresholds import Action
from tests.unit.rollback import test_decision as given_here

_NOW = given_here._NOW
_HARM, _SITUATION, _DEPLOYMENT = given_here._HARM, given_here._SITUATION, given_here._DEPLOYMENT


def _decided(
    point: EvidencePoint | None = _HARM,
    deployment: Deployment = _DEPLOYMENT,
    situation: Situation = _SITUATION,
    policy: Policy | None = None,
) -> Decided:
    case = cases.of(deployment, point, situation, policy or Policy(), _NOW)
    return Decided(id="d1", at=_NOW, case=case, decision=case.decide())


def _stored(decided: Decided) -> Decided:
    """Return a decision as it comes back from JSON."""
    case = cases.load(json.loads(json.dumps(cases.dump(decided.case), allow_nan=False)))
    numbers = json.loads(canonical(decided.decision.numbers))
    return replace(decided, case=case, decision=replace(decided.decision, numbers=numbers))


_KINDS: dict[str, dict[str, Any]] = {
    "hold": {"point": None},
    "suspect": {"point": replace(_HARM, evidence=1.0, suspicion=5_000.0)},
    "rollback": {},
    "propose": {"policy": Policy(approval=Approval(rollback=True))},
    "freeze": {"situation": Situation(versions={})},
}


def test_the_kinds_here_are_all_there_are() -> None:
    """A new one needs a case."""
    assert set(_KINDS) == set(KINDS.values())


@pytest.mark.parametrize("kind", _KINDS)
def test_a_stored_decision_of_every_kind_replays(kind: str) -> None:
    """And its explanation says so."""
    stored = _stored(_decided(**_KINDS[kind]))
    assert stored.kind == kind
    assert stored.replays
    told = list(sentences(stored))
    assert told[0].startswith("At 2026-01-02T00:00:00.000000+00:00")
    assert told[-1] == "Decided again from these stored numbers, it is the same."


def test_a_decision_that_the_numbers_do_not_give_is_told() -> None:
    """Somebody changed the row, or the rules have changed since."""
    stored = _stored(_decided())
    other = replace(stored, decision=replace(stored.decision, to="support@00000000000f"))
    assert not other.replays
    assert "it is not the same" in list(sentences(other))[-1]


@given(given_here._cases())
def test_whatever_was_decided_replays_from_json(
    case: tuple[Deployment, EvidencePoint | None, Situation, Policy],
) -> None:
    """To the same kind, target, words and numbers."""
    deployment, point, situation, policy = case
    assert _stored(_decided(point, deployment, situation, policy)).replays


def test_the_gist_stays_while_only_numbers_move() -> None:
    """So that a quiet deployment is one row, not one each second."""
    first = _decided(replace(_HARM, evidence=1.0))
    assert _decided(replace(_HARM, evidence=2.0)).gist == first.gist
    assert _decided().gist != first.gist
    broken = replace(_SITUATION, breaches=(given_here._breach(Action.ALERT),))
    assert _decided(replace(_HARM, evidence=1.0), situation=broken).gist != first.gist


def test_an_explanation_names_what_was_not_done_and_why() -> None:
    """The rule that could not be judged, the sick version, and the cause."""
    situation = replace(
        _SITUATION,
        breaches=(given_here._breach(Action.ROLLBACK, "latency_p95_s"),),
        unjudged=(given_here._UNJUDGED,),
        sick={given_here._V1: "its proof failed"},
        rollbacks=(_NOW.replace(year=2025),),
    )
    decided = _decided(None, situation=situation)
    assert decided.decision.because is Because.UNATTRIBUTED
    text = " ".join(sentences(decided))
    for part in (
        "nothing was changed",
        "No answer of the version had been judged",
        "Broken since 2026-01-02T00:00:00.000000+00:00: latency_p95_s above 0.2",
        "Not judged: fault_rate above 0.2 for 5m: no baseline",
        "The cause was unknown: neither the baseline nor another deployment answers beside it.",
        f"{given_here._V1} was no place to go back to: its proof failed.",
        "The last automatic rollback was 365d before",
    ):
        assert part in text


def test_manifests_are_not_stored_with_every_decision() -> None:
    """Only names, states and ages matter."""
    heavy = {
        name: replace(version, manifest={"tensors": ["x"] * 1_000})
        for name, version in _SITUATION.versions.items()
    }
    written = json.dumps(cases.dump(_decided(situation=replace(_SITUATION, versions=heavy)).case))
    assert len(written) < 5_000
