"""Assessing answers, and what judges are told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from guards import words
from guards.declared import Declared
from guards.exchange import FinishReason, Message
from guards.reference import Reference
from guards.share_cap import hashed
from guards.verdicts import Verdict
from guards.wrongness import WrongAnswers
from monitor.errors import DatabaseUnavailable
from monitor.runtime.scoring.assessor import Assessor
from tests.handed import NAME, VERSION, MemoryPostgres, deployment, exchange

CANDIDATE = "support@222222222222"
BASELINE = "support@333333333333"
SCHEMA = {"type": "object"}


@pytest.fixture
def postgres() -> MemoryPostgres:
    """A database with one deployment."""
    return MemoryPostgres()


def assessor_of(
    postgres: MemoryPostgres, schemas: Mapping[str, Mapping[str, Any]] | None = None
) -> Assessor:
    """Return an assessor that has read the pointers."""
    assessor = Assessor(postgres, postgres, {NAME: 60}, schemas or {})
    assessor.refresh()
    return assessor


def frozen(count: int = 60) -> bytes:
    """Return a reference of usual answers."""
    return Reference.fit([exchange(1000 + i) for i in range(count)], seed=0).to_bytes()


def test_each_live_answer_is_scored_and_observed_in_order(postgres: MemoryPostgres) -> None:
    """One row and one observation each."""
    found = assessor_of(postgres).assess([exchange(i) for i in range(3)])
    ids = ["answer-0", "answer-1", "answer-2"]
    assert [each.exchange.id for each in found.scored] == ids
    assert [each.observation.exchange_id for each in found.observed] == ids
    assert {(each.adapter, each.epoch) for each in found.observed} == {(VERSION, 1)}


@pytest.mark.parametrize(
    "changes",
    [
        {"adapter": CANDIDATE},
        {"tags": {"shadow_of": "answer-1"}},
        {"epoch": 0},
        {"deployment": VERSION},
        {"finish_reason": FinishReason.ABANDONED},
        {"finish_reason": FinishReason.INCOMPLETE},
    ],
)
def test_what_is_no_live_and_whole_answer_is_scored_and_not_observed(
    postgres: MemoryPostgres, changes: dict[str, Any]
) -> None:
    """Candidates, shadows, late answers, versions asked by name, and answers that were cut off."""
    batch = [exchange(0), exchange(1, **changes), exchange(2)]
    found = assessor_of(postgres).assess(batch)
    assert [each.exchange for each in found.scored] == batch
    assert [each.observation.exchange_id for each in found.observed] == ["answer-0", "answer-2"]


def test_scores_come_from_the_baselines_reference_until_the_version_is_confirmed(
    postgres: MemoryPostgres,
) -> None:
    """The judge is told which of the two it was."""
    baseline = "support@000000000000"
    postgres.references = {baseline: frozen(), VERSION: frozen()}
    postgres.pointers = [deployment(baseline=baseline)]
    assessor = assessor_of(postgres)
    (before,) = assessor.assess([exchange(1)]).observed
    postgres.pointers = [deployment(baseline=baseline, confirmed=True)]
    assessor.refresh()
    (after,) = assessor.assess([exchange(2)]).observed
    assert (before.own_reference, after.own_reference) == (False, True)
    assert before.observation.scores.keys() == after.observation.scores.keys() != set()


def test_a_reference_that_cannot_be_read_leaves_the_faults(postgres: MemoryPostgres) -> None:
    """It was written by another version; scoring goes on without it."""
    postgres.references = {None: b"of another format"}
    (observed,) = assessor_of(postgres).assess([exchange(1, output="")]).observed
    assert observed.observation.fault
    assert observed.observation.scores == {}


def test_a_cut_answer_is_a_fault_only_beside_a_reference(postgres: MemoryPostgres) -> None:
    """Without one nobody knows how usual that is here."""
    cut = exchange(1, finish_reason=FinishReason.LENGTH)
    (alone,) = assessor_of(postgres).assess([cut]).observed
    postgres.references = {None: frozen()}
    (beside,) = assessor_of(postgres).assess([cut]).observed
    assert (alone.observation.fault, beside.observation.fault) == (False, True)


def test_the_operators_declaration_holds_where_the_exchange_brings_none(
    postgres: MemoryPostgres,
) -> None:
    """Expressions that answers must keep to are known to the scorer alone."""
    declared = {NAME: Declared(must_not_match=("answer",))}
    assessor = Assessor(postgres, postgres, {NAME: 60}, {}, declared)
    assessor.refresh()
    own = Declared(must_match=("answer",))
    found = assessor.assess(
        [exchange(1, output="answer"), exchange(2, declared=own, output="answer")]
    )
    assert [each.signals["matches"] for each in found.scored] == [0.0, 1.0]


def test_the_operators_schema_holds_where_the_exchange_names_none(postgres: MemoryPostgres) -> None:
    """An answer that violates it is a fault of the version."""
    found = assessor_of(postgres, {NAME: SCHEMA}).assess(
        [exchange(1, output="no JSON"), exchange(2, output="{}")]
    )
    assert [each.verdict for each in found.scored] == [Verdict.FAIL, Verdict.OK]


def test_a_constant_answer_is_found_across_batches(postgres: MemoryPostgres) -> None:
    """Candidates in between, who answer alike, do not count."""
    assessor = assessor_of(postgres)
    same = "the very same answer to whatever anybody may ask of it"
    faults = []
    for number in range(10):
        live = exchange(number, output=same)
        other = exchange(100 + number, output=f"{same} {number}", adapter=CANDIDATE)
        (observed,) = assessor.assess([other, live]).observed
        faults.append(observed.observation.fault)
    assert faults == [False] * 7 + [True] * 3


def test_a_new_epoch_begins_anew(postgres: MemoryPostgres) -> None:
    """An answer that was routed by later pointers shows that they must be read."""
    assessor = assessor_of(postgres)
    assert not assessor.is_behind(NAME, 1)
    assert assessor.is_behind(NAME, 2)
    assert not assessor.is_behind("nobody watches it", 2)
    postgres.pointers = [deployment(active=CANDIDATE, epoch=2)]
    assessor.refresh()
    assert not assessor.is_behind(NAME, 2)
    assert assessor.assess([exchange(1)]).observed == []


def test_older_pointers_change_nothing(postgres: MemoryPostgres) -> None:
    """Two readers may overtake each other."""
    assessor = assessor_of(postgres)
    assessor.follow([deployment(active=CANDIDATE, epoch=2, confirmed=True)])
    assessor.follow([deployment(), deployment(active=CANDIDATE, epoch=2)])
    (observed,) = assessor.assess([exchange(1, adapter=CANDIDATE, epoch=2)]).observed
    assert observed.own_reference


def test_while_postgres_is_away_a_newer_epoch_is_observed_by_its_faults(
    postgres: MemoryPostgres,
) -> None:
    """There is no reference to score by; whoever judges knows which version is the active one."""
    postgres.references = {None: frozen()}
    assessor = assessor_of(postgres)
    postgres.away = True
    with pytest.raises(DatabaseUnavailable):
        assessor.refresh()
    batch = [exchange(i, epoch=2, adapter=CANDIDATE, output="") for i in range(2)]
    batch.append(exchange(3))
    found = assessor.assess(batch)
    assert [each.epoch for each in found.observed] == [2, 2, 1]
    assert [each.observation.fault for each in found.observed] == [True, True, False]
    assert [bool(each.observation.scores) for each in found.observed] == [False, False, True]


def test_first_answers_are_gathered_once_for_a_version_without_a_reference(
    postgres: MemoryPostgres,
) -> None:
    """Whole live ones alone, as many as the policy says."""
    assessor = assessor_of(postgres)
    given = []
    for start in range(0, 200, 50):
        batch = [exchange(start + i) for i in range(50)]
        batch.append(exchange(start + 1000, finish_reason=FinishReason.ABANDONED))
        batch.append(exchange(start + 2000, adapter=CANDIDATE))
        given += assessor.gather(assessor.assess(batch))
    (gathered,) = given
    assert (gathered.deployment, gathered.version, gathered.epoch) == (NAME, VERSION, 1)
    assert [each.id for each in gathered.answers] == [f"answer-{i}" for i in range(60)]


@pytest.mark.parametrize("why", ["confirmed", "drafted", "the base model"])
def test_no_answers_are_gathered_where_none_are_wanted(postgres: MemoryPostgres, why: str) -> None:
    """A confirmed version has its reference, a drafted one is offered, and the base needs none."""
    if why == "drafted":
        postgres.drafts = {1: (b"", 60)}
    active = None if why == "the base model" else VERSION
    postgres.pointers = [deployment(active=active, confirmed=why == "confirmed")]
    assessor = assessor_of(postgres)
    batch = [exchange(i, adapter=active) for i in range(100)]
    assert assessor.gather(assessor.assess(batch)) == []


def test_faults_and_outliers_are_striking(postgres: MemoryPostgres) -> None:
    """So the scorer knows when not to linger."""
    postgres.references = {None: frozen(200)}
    odd = " ".join(f"WORD{number}!" for number in range(90))
    batch = [exchange(1100), exchange(2, output=odd, latency_s=9.0), exchange(3, output="")]
    assert assessor_of(postgres).assess(batch).striking == [False, True, True]


def test_judges_are_told_of_prompts_and_callers_beside_the_reference_that_knows_them(
    postgres: MemoryPostgres,
) -> None:
    """The category of the prompt and how far it lies, and the caller hashed; else nothing."""
    topics = ("please refund the broken kettle", "when does my train to the coast leave")
    usual = [
        exchange(1000 + n, messages=(Message(role="user", content=f"{topics[n % 2]} {n}"),))
        for n in range(200)
    ]
    named = [replace(each, caller="token") for each in usual]
    reference = Reference.fit(named, seed=0, key=b"secret")
    alone = assessor_of(postgres).assess(named[:2]).observed
    postgres.references = {None: reference.to_bytes()}
    beside = assessor_of(postgres).assess(named[:2]).observed
    assert [each.observation.caller for each in alone] == [None, None]
    assert [each.observation.category for each in alone] == [None, None]
    assert {each.observation.caller for each in beside} == {hashed("token", b"secret")}
    assert sorted(each.observation.category for each in beside) == [0, 1]
    assert all(each.observation.prompt_distance is not None for each in beside)


def test_judges_are_told_of_words_only_what_the_references_key_hides(
    postgres: MemoryPostgres,
) -> None:
    """None at all without a reference, or where an answer is not comparable."""
    batch = [exchange(1), exchange(2, error="out of memory")]
    alone = assessor_of(postgres).assess(batch).observed
    reference = Reference.fit([exchange(1000 + i) for i in range(60)], seed=0, key=b"secret")
    postgres.references = {None: reference.to_bytes()}
    beside = assessor_of(postgres).assess(batch).observed
    assert [each.observation.words for each in alone] == [None, None]
    kept = words.packed(batch[0].output, b"secret")
    assert [each.observation.words for each in beside] == [kept, None]


@pytest.mark.parametrize(
    ("changes", "pair"),
    [
        ({}, -0.75),
        ({"adapter": CANDIDATE}, None),
        ({"grade": None}, None),
        ({"tags": {"shadow_of": "answer-9"}}, None),
    ],
)
def test_a_graded_answer_and_the_baselines_graded_shadow_make_a_pair(
    postgres: MemoryPostgres, changes: dict[str, Any], pair: float | None
) -> None:
    """Only the baseline's, and only of the same prompt."""
    postgres.pointers = [deployment(baseline=BASELINE)]
    usual = {"adapter": BASELINE, "grade": 1.0, "tags": {"shadow_of": "answer-0"}}
    shadow = exchange(1, **{**usual, **changes})
    found = assessor_of(postgres).assess([exchange(0, grade=0.25), shadow])
    observations = [each.observation for each in found.observed]
    assert [(each.pair, each.grade) for each in observations] == [(pair, 0.25)]


def test_a_shadow_of_an_earlier_batch_says_how_far_the_answers_agree(
    postgres: MemoryPostgres,
) -> None:
    """By the relay's id as by the record's; from the first shadow on, which itself comes too late."""
    assessor = assessor_of(postgres)
    assessor.assess([exchange(0, adapter=BASELINE, tags={"shadow_of": "answer-9"})])
    named = {"request_id": "callers-own", "relayed_as": "r1"}
    assessor.assess([exchange(1, output="one two", tags=named), exchange(2, output="one two")])
    shadows = [
        exchange(3, output="one four", adapter=BASELINE, tags={"shadow_of": "r1"}),
        exchange(4, output="one two", tags={"shadow_of": "answer-2"}),
        exchange(5, adapter=BASELINE, tags={"shadow_of": "unknown"}),
    ]
    signals = [each.signals for each in assessor.assess(shadows).scored]
    assert signals[0]["word_distance"] == 0.5
    assert "self_consistency" not in signals[0]
    assert signals[1]["self_consistency"] == 1.0
    assert "word_distance" not in signals[2]


def test_live_answers_are_told_how_likely_they_are_wrong(postgres: MemoryPostgres) -> None:
    """By what a golden run taught; shadows are of no version's own record."""
    sure = [{"logprob_mean": -0.1 - 0.01 * n} for n in range(30)]
    unsure = [{"logprob_mean": -2.0 - 0.01 * n} for n in range(30)]
    learnt = WrongAnswers.fit(sure + unsure, [1.0] * 30 + [0.0] * 30, seed=0)
    postgres.learnt = learnt.state()
    found = assessor_of(postgres).assess(
        [
            exchange(1, token_logprobs=(-0.1, -0.2)),
            exchange(2, token_logprobs=(-2.0, -3.0)),
            exchange(3, token_logprobs=None),
            exchange(4, token_logprobs=(-2.0,), tags={"shadow_of": "x"}),
        ]
    )
    likely = [each.signals.get("wrong_answer") for each in found.scored]
    assert likely[0] is not None
    assert likely[0] < 0.2
    assert likely[1] is not None
    assert likely[1] > 0.8
    assert likely[2:] == [None, None]


def test_a_state_that_cannot_be_read_costs_the_forecast_alone(postgres: MemoryPostgres) -> None:
    """It is of another release, say."""
    postgres.learnt = {"names": ["logprob_mean"]}
    (found,) = assessor_of(postgres).assess([exchange(1)]).scored
    assert "wrong_answer" not in found.signals
