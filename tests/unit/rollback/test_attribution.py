"""Whose fault a harm is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.attribution import Cause, Clues, attribute

_NEW = Clues(traffic=2_000.0, traffic_line=1_000.0)


@pytest.mark.parametrize(
    ("clues", "cause"),
    [
        (Clues(), Cause.UNKNOWN),
        (Clues(is_paired=True), Cause.ADAPTER),
        (Clues(is_paired=True, base_changed=True), Cause.BASE_MODEL),
        (Clues(baseline_hit=False), Cause.ADAPTER),
        (Clues(baseline_hit=True), Cause.ENGINE),
        (replace(_NEW, baseline_hit=True), Cause.TRAFFIC),
        (replace(_NEW, baseline_hit=False), Cause.ADAPTER),
        (Clues(others=3, others_hit=2, baseline_hit=False), Cause.ENGINE),
        (Clues(others=2, others_hit=1), Cause.ADAPTER),
        (replace(_NEW, others=2), Cause.TRAFFIC),
        (Clues(since_promotion=True), Cause.ADAPTER),
        (replace(_NEW, since_promotion=True), Cause.TRAFFIC),
        (Clues(since_promotion=False, base_changed=False), Cause.UNKNOWN),
        (Clues(traffic=float("nan"), traffic_line=1_000.0), Cause.UNKNOWN),
    ],
)
def test_the_clues_tell_the_cause(clues: Clues, cause: Cause) -> None:
    """What excuses the adapter is looked at first."""
    found = attribute(clues)
    assert found.cause is cause
    assert found.reason
    assert found.numbers["others"] == clues.others


@given(
    st.builds(
        Clues,
        baseline_hit=st.sampled_from([None, True, False]),
        others=st.integers(0, 5),
        traffic=st.floats(0, 5_000),
        traffic_line=st.just(1_000.0),
        base_changed=st.sampled_from([None, True, False]),
        since_promotion=st.sampled_from([None, True, False]),
    )
)
def test_more_neighbours_in_trouble_never_blame_the_adapter(clues: Clues) -> None:
    """Where all of them are hit, it is something that they share."""
    all_hit = replace(clues, others=clues.others + 1, others_hit=clues.others + 1)
    assert attribute(all_hit).cause is not Cause.ADAPTER
