"""What graded answers teach of wrong ones."""

from __future__ import annotations

from guards import clues
from guards.golden import GoldenResult
from monitor.runtime.wrong_answers import taught
from tests.handed import exchange


def test_what_live_answers_are_held_against_is_learnt_without_agreement() -> None:
    """And what shadows are, with it, where the run compared."""
    answers = [
        exchange(
            n, output="one two" if n % 2 else "three four five", token_logprobs=(-1.0 - n % 2,)
        )
        for n in range(60)
    ]
    others = [exchange(100 + n, output="one two") for n in range(60)]
    results = [
        GoldenResult(
            case_id=f"case-{n}", output="", raw=float(n % 2), grade=float(n % 2), latency_s=0.1
        )
        for n in range(60)
    ]
    found = taught(results, answers, others)
    assert not clues.AGREEMENT.intersection(found["learnt"]["names"])
    assert clues.AGREEMENT.intersection(found["learnt_beside"]["names"])
    assert "learnt_beside" not in taught(results, answers, [])
