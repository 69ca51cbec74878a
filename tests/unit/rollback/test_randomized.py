"""A randomized comparison of two versions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from rollback.randomized import Randomized

RUNS, CALLERS = 400, 1_500


def _run(rng: np.random.Generator, *, share: float, active: float, candidate: float) -> Randomized:
    """Return what many callers show whose answers are right with a chance that differs by version."""
    compared = Randomized(0.05)
    dealt = rng.random(CALLERS) < share
    worths = (rng.random(CALLERS) < np.where(dealt, candidate, active)).astype(float)
    compared.observe_all(np.full(CALLERS, share), dealt, worths)
    return compared


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_equal_versions_are_hardly_ever_called_harmful(share: float) -> None:
    """The promise is at most one in ten at a line of 10, over all looks."""
    rng = np.random.default_rng(1)
    runs = [_run(rng, share=share, active=0.7, candidate=0.7) for _ in range(RUNS)]
    assert sum(run.harm >= 10.0 for run in runs) <= 0.1 * RUNS


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_version_worse_by_the_margin_hardly_ever_passes(share: float) -> None:
    """The promise is at most one in ten at a line of 10."""
    rng = np.random.default_rng(2)
    runs = [_run(rng, share=share, active=0.7, candidate=0.65) for _ in range(RUNS)]
    assert sum(run.noninferiority >= 10.0 for run in runs) <= 0.1 * RUNS


def test_a_mix_of_callers_that_changes_does_no_harm() -> None:
    """Hard callers come while the share grows: without the dealing's chances that looks like harm."""
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(RUNS):
        compared = Randomized(0.05)
        for share, right in ((0.05, 0.95), (0.5, 0.3)):
            dealt = rng.random(CALLERS // 2) < share
            worths = (rng.random(CALLERS // 2) < right).astype(float)
            compared.observe_all(np.full(CALLERS // 2, share), dealt, worths)
        (_, active), (_, candidate) = compared.active, compared.candidate
        assert candidate < active - 0.2  # what a plain comparison of means says
        alarms += compared.harm >= 10.0
    assert alarms <= 0.1 * RUNS


def test_harm_and_its_absence_are_both_found() -> None:
    """A fall from .9 to .5 speaks loudly, and so does an equal version at half of the callers."""
    rng = np.random.default_rng(4)
    assert _run(rng, share=0.1, active=0.9, candidate=0.5).harm > 1e6
    assert _run(rng, share=0.5, active=0.98, candidate=0.98).noninferiority > 1e3


def test_batches_change_nothing() -> None:
    """One by one, or all at once."""
    rng = np.random.default_rng(5)
    shares, dealt, worths = rng.uniform(0.1, 0.9, 50), rng.random(50) < 0.5, rng.random(50)
    whole, parts = Randomized(0.05), Randomized(0.05)
    whole.observe_all(shares, dealt, worths)
    for share, to_candidate, worth in zip(shares, dealt, worths, strict=True):
        parts.observe(float(share), bool(to_candidate), float(worth))
    assert math.isclose(whole.harm, parts.harm)
    assert math.isclose(whole.noninferiority, parts.noninferiority)
    assert whole.active[0] == parts.active[0]


def test_it_goes_on_from_its_state() -> None:
    """Through JSON, to the last bit."""
    rng = np.random.default_rng(6)
    compared = _run(rng, share=0.3, active=0.8, candidate=0.7)
    restored = Randomized.restore(json.loads(json.dumps(compared.state())))
    for each in (compared, restored):
        each.observe(0.3, True, 0.0)
    assert restored.state() == compared.state()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_chance_has_not_decided_nothing_is_compared(share: float) -> None:
    """All callers with one version say nothing about the other."""
    compared = Randomized(0.05)
    compared.observe(share, share == 1.0, 0.0)
    assert (compared.active[0], compared.candidate[0], compared.harm) == (0, 0, 1.0)


@pytest.mark.parametrize(("share", "worth"), [(1.5, 0.0), (0.5, -0.1), (0.5, math.nan)])
def test_values_out_of_range_are_refused(share: float, worth: float) -> None:
    """A bet on them would not be bounded."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        Randomized(0.05).observe(share, True, worth)
