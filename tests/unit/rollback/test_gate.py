"""The golden gate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guards.verdicts import Verdict
from rollback.gate import Forced, Passed, Refused, gate


@pytest.mark.parametrize("verdict", [Verdict.OK, Verdict.WARN])
def test_a_run_without_harm_passes(verdict: Verdict) -> None:
    """Forcing what passes anyway is no force."""
    assert isinstance(gate(verdict, [], force=False), Passed)
    assert isinstance(gate(verdict, [], force=True), Passed)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR])
def test_harm_and_ignorance_never_pass_without_force(verdict: Verdict) -> None:
    """Unknown is not good; with force the objection is kept."""
    refused, forced = gate(verdict, [], force=False), gate(verdict, [], force=True)
    assert isinstance(refused, Refused)
    assert isinstance(forced, Forced)
    assert refused.reason == forced.reason


def test_a_single_critical_failure_refuses() -> None:
    """Even when the set as a whole is fine."""
    answer = gate(Verdict.OK, ["refund-7"], force=False)
    assert answer == Refused(reason="critical golden cases failed: refund-7")


def test_many_critical_failures_are_counted_not_listed() -> None:
    """The sentence stays short."""
    answer = gate(Verdict.OK, [f"case-{n}" for n in range(9)], force=False)
    assert answer.reason.endswith("case-4 and 4 more")


@given(st.sampled_from(Verdict), st.lists(st.text(max_size=5), max_size=8))
def test_nothing_passes_but_a_clean_run(verdict: Verdict, critical: list[str]) -> None:
    """Never on INCONCLUSIVE, never on ERROR, never with a critical failure; asked again, the same."""
    passage = gate(verdict, critical, force=False)
    clean = verdict in (Verdict.OK, Verdict.WARN) and not critical
    assert isinstance(passage, Passed) is clean
    assert gate(verdict, critical, force=False) == passage
