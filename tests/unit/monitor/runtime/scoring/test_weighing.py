"""Pairs of live answers and their shadows, and answers to callers whom a canary dealt a version."""

from __future__ import annotations

import pytest

from guards import worth
from guards.exchange import FinishReason
from guards.worth import Source
from guards.wrongness import WrongAnswers
from monitor.ports.handover import DEALT
from monitor.ports.record import Observed
from monitor.runtime.scoring.assessor import Assessor
from rollback.dealing import deal
from tests.handed import NAME, VERSION, MemoryPostgres, deployment, exchange

BASELINE, CANDIDATE = "support@333333333333", "support@222222222222"


@pytest.fixture
def assessor() -> Assessor:
    """An assessor of a deployment with a baseline."""
    postgres = MemoryPostgres(pointers=[deployment(baseline=BASELINE)])
    assessor = Assessor(postgres, postgres, {NAME: 60}, {}, worth={NAME: worth.FREE})
    assessor.refresh()
    return assessor


def shadow(number: int, of: int, **changes: object) -> object:
    """Return a shadow of another answer."""
    tags = {"shadow_of": f"answer-{of}"}
    return exchange(number, tags=tags, **{"adapter": BASELINE, **changes})


def beside(observed: list[Observed]) -> list[Observed]:
    """Return what is no answer of its own."""
    return [each for each in observed if each.observation.beside]


def test_a_shadow_in_a_later_batch_makes_a_pair(assessor: Assessor) -> None:
    """It names the live version, carries the shadow's id, and counts as no answer."""
    assessor.assess([exchange(1, output="")])
    (pair,) = assessor.assess([shadow(2, of=1)]).observed
    assert (pair.adapter, pair.epoch) == (VERSION, 1)
    assert pair.observation.exchange_id == "answer-2"
    assert (pair.observation.pair, pair.observation.beside) == (-1.0, True)


def test_a_shadow_that_stands_before_its_answer_makes_a_pair(assessor: Assessor) -> None:
    """The local engine may finish it first."""
    found = assessor.assess([shadow(2, of=1, output=""), exchange(1)])
    (pair,) = beside(list(found.observed))
    assert pair.observation.pair == 1.0
    assert len(found.striking) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"adapter": VERSION},
        {"adapter": CANDIDATE},
        {"epoch": 0},
        {"finish_reason": FinishReason.ERROR, "error": "the engine is busy"},
        {"finish_reason": FinishReason.INCOMPLETE},
    ],
)
def test_what_is_no_answer_of_the_baseline_makes_no_pair(
    assessor: Assessor, changes: dict[str, object]
) -> None:
    """A second answer of the same version, one of an older epoch, or none at all."""
    assessor.assess([exchange(1)])
    assert assessor.assess([shadow(2, of=1, **changes)]).observed == []


def test_grades_come_before_worth(assessor: Assessor) -> None:
    """A graded pair is said once, by its grades."""
    found = assessor.assess([exchange(1, grade=0.25), shadow(2, of=1, grade=1.0)])
    (observed,) = found.observed
    assert observed.observation.pair == -0.75


def test_dealt_answers_carry_their_lot_and_worth(assessor: Assessor) -> None:
    """The candidate's are observed for that alone."""
    tags = {DEALT: str(deal("c1", "user ann", 0.5))}
    batch = [exchange(1, tags=tags), exchange(2, tags=tags, adapter=CANDIDATE, output="")]
    active, candidate = assessor.assess(batch).observed
    assert (active.observation.worth, active.observation.beside) == (1.0, False)
    assert (candidate.observation.worth, candidate.observation.beside) == (0.0, True)
    assert active.observation.dealt == candidate.observation.dealt == deal("c1", "user ann", 0.5)


def test_an_answer_that_broke_off_counts_as_treated(assessor: Assessor) -> None:
    """Its caller was dealt a version, and got nothing."""
    tags = {DEALT: str(deal("c1", "user ann", 0.5))}
    gone = exchange(1, tags=tags, finish_reason=FinishReason.ABANDONED)
    (observed,) = assessor.assess([gone]).observed
    assert (observed.observation.worth, observed.observation.beside) == (0.0, True)


def test_both_answers_of_a_pair_are_read_by_what_was_learnt() -> None:
    """The record says it of live answers alone; a pair needs it of both."""
    sure = [{"logprob_mean": -0.1 - 0.01 * n} for n in range(30)]
    unsure = [{"logprob_mean": -2.0 - 0.01 * n} for n in range(30)]
    learnt = WrongAnswers.fit(sure + unsure, [1.0] * 30 + [0.0] * 30, seed=0)
    postgres = MemoryPostgres(
        pointers=[deployment(baseline=BASELINE)], learnt={"learnt": learnt.state()}
    )
    sources = {NAME: {Source.WRONGNESS}}
    assessor = Assessor(postgres, postgres, {NAME: 60}, {}, worth=sources)
    assessor.refresh()
    batch = [exchange(1, token_logprobs=(-2.0, -3.0)), shadow(2, of=1, token_logprobs=(-0.1, -0.2))]
    found = assessor.assess(batch)
    (pair,) = beside(list(found.observed))
    assert pair.observation.pair is not None
    assert pair.observation.pair < -0.6
    assert "wrong_answer" not in found.scored[1].signals
