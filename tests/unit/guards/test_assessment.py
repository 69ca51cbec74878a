"""The assessment of answers."""

from __future__ import annotations

import pytest

from guards.assessment import assess
from guards.constancy import ConstantAnswers
from guards.exchange import FinishReason
from guards.faults import Fault
from guards.reference import Reference
from guards.verdicts import Verdict
from tests.unit.guards.samples import TICKET, asked, exchange, tickets


@pytest.fixture(scope="module")
def reference() -> Reference:
    """A reference of 150 tickets."""
    return Reference.fit(tickets(0, 150), seed=1)


def test_a_faulty_answer_fails_with_its_reason(reference: Reference) -> None:
    """The judge sees a fault, people read a sentence."""
    (found,) = assess([exchange('{"te', response_schema=TICKET)], reference, ConstantAnswers())
    assert found.scored.verdict is Verdict.FAIL
    assert found.fault
    assert found.faults == (Fault.BROKEN_JSON,)
    assert Fault.BROKEN_JSON.sentence in found.scored.findings


def test_an_unusual_answer_is_a_warning_and_no_fault(reference: Reference) -> None:
    """Oddness has no sign: a person may look, and nothing is done."""
    (found,) = assess([exchange("Yes, " * 10)], reference, ConstantAnswers())
    assert found.scored.verdict is Verdict.WARN
    assert not found.fault
    assert found.scored.findings


@pytest.mark.parametrize("reason", [FinishReason.ABANDONED, FinishReason.INCOMPLETE])
def test_an_incomplete_answer_is_inconclusive(reference: Reference, reason: FinishReason) -> None:
    """It has signals for the record and nothing for the judge."""
    left = exchange("Yes", finish_reason=reason, error="the connection broke")
    (found,) = assess([left], reference, ConstantAnswers())
    assert found.scored.verdict is Verdict.INCONCLUSIVE
    assert found.scored.signals["characters"] == 3
    assert (found.fault, found.scores) == (False, {})


def test_without_a_reference_only_faults_are_found() -> None:
    """From the first answer on, faults fail; nothing is an outlier yet."""
    good, bad = assess([exchange("Yes"), exchange("")], None, ConstantAnswers())
    assert (good.scored.verdict, bad.scored.verdict) == (Verdict.OK, Verdict.FAIL)
    assert good.scores == {}


def test_a_constant_answer_fails_from_the_end_of_its_run() -> None:
    """The run goes on over batches."""
    text = "I am only a language model and cannot help you with that."
    answers = [asked(f"p{n}", text) for n in range(9)]
    checker = ConstantAnswers()
    first = assess(answers[:5], None, checker)
    second = assess(answers[5:], None, checker)
    verdicts = [each.scored.verdict for each in (*first, *second)]
    assert verdicts == [Verdict.OK] * 7 + [Verdict.FAIL] * 2
    assert second[-1].faults == (Fault.CONSTANT,)


def test_batching_changes_nothing(reference: Reference) -> None:
    """One at a time or together: the same scores, so that a replay is exact."""
    batch = tickets(5, 60)
    together = assess(batch, reference, ConstantAnswers())
    checker = ConstantAnswers()
    alone = [assess([each], reference, checker)[0] for each in batch]
    assert [each.scored for each in together] == [each.scored for each in alone]
    assert [each.scores for each in together] == [each.scores for each in alone]


def test_scores_are_those_of_the_channels_that_are_defined(reference: Reference) -> None:
    """The judge gets the reference's channels, NaN left out."""
    (found,) = assess([exchange("Yes", token_logprobs=None)], reference, ConstantAnswers())
    assert found.scores.keys() < reference.channels.keys()
    assert "logprob_mean_low" not in found.scores


def test_an_empty_batch_is_no_error(reference: Reference) -> None:
    """Nothing in, nothing out."""
    assert assess([], reference, ConstantAnswers()) == ()


@pytest.mark.slow
def test_unchanged_answers_are_called_outliers_as_often_as_stated() -> None:
    """One in 31 with 30 calibration answers: 3.2 % ± 2 % (three standard errors), 20 times."""
    rates = []
    for seed in range(20):
        frozen = Reference.fit(tickets(seed, 60), seed=seed)
        found = assess(tickets(100 + seed, 100), frozen, ConstantAnswers())
        rates.append(sum(each.scored.verdict is Verdict.WARN for each in found) / len(found))
    assert sum(rates) / len(rates) == pytest.approx(1 / 31, abs=0.02)


def test_what_the_callers_own_limit_cut_off_is_no_fault_of_the_version() -> None:
    """Broken JSON at the caller's token limit is inconclusive; an endless loop stays a fault."""
    cut = exchange(
        '{"te',
        response_schema=TICKET,
        finish_reason=FinishReason.LENGTH,
        ended_by_caller=True,
    )
    loop = exchange("again " * 60, finish_reason=FinishReason.LENGTH, ended_by_caller=True)
    first, second = assess([cut, loop], None, ConstantAnswers())
    assert (first.fault, first.scored.verdict) == (False, Verdict.INCONCLUSIVE)
    assert (second.fault, second.scored.verdict) == (True, Verdict.FAIL)
