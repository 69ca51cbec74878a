"""Signals of likelihood."""

from __future__ import annotations

import math

import numpy as np
import pytest

from guards.signals import catalogue, likelihood
from tests.unit.guards.samples import exchange


def test_likelihood_is_measured_over_the_tokens() -> None:
    """Mean, minimum and the share of tokens below one chance in ten."""
    table = catalogue.table([exchange(token_logprobs=(-0.5, -3.5))], likelihood.SIGNALS)
    assert table.mapping(0) == {
        "logprob_mean": -2.0,
        "logprob_min": -3.5,
        "unlikely_tokens": 0.5,
    }


@pytest.mark.parametrize("logprobs", [None, (), (-0.1, math.nan), (-0.1, -math.inf)])
def test_likelihood_is_undefined_without_finite_log_probabilities(
    logprobs: tuple[float, ...] | None,
) -> None:
    """Unknown and broken log-probabilities give no number."""
    table = catalogue.table([exchange(token_logprobs=logprobs)], likelihood.SIGNALS)
    assert np.isnan(table.values).all()
