"""Ridge logistic regression, beside scikit-learn's."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from guards.logistic import Logistic, sigmoid


def test_it_is_scikit_learns_ridge_regression() -> None:
    """With the same penalty, on the same standardised columns, to six digits."""
    random = np.random.default_rng(0)
    table = random.normal(size=(120, 3))
    truth = (random.random(120) < sigmoid(table @ np.array([1.0, -2.0, 0.0]))).astype(float)
    found = Logistic.fit(table, truth)
    rows = (table - table.mean(axis=0)) / table.std(axis=0)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(rows, truth)
    np.testing.assert_allclose(found.weights[:-1], theirs.coef_[0], atol=1e-5)
    np.testing.assert_allclose(found.odds(table), theirs.decision_function(rows), atol=1e-5)


def test_what_is_unknown_is_taken_for_average() -> None:
    """NaN moves the odds nowhere."""
    random = np.random.default_rng(0)
    table = random.normal(size=(50, 2))
    found = Logistic.fit(table, (table[:, 0] > 0).astype(float))
    unknown, average = found.odds(np.array([[np.nan, 1.0], [found.centres[0], 1.0]]))
    assert unknown == average


def test_the_state_carries_it() -> None:
    """The same odds to the last bit."""
    table = np.random.default_rng(0).normal(size=(50, 2))
    found = Logistic.fit(table, (table[:, 0] > 0).astype(float))
    assert Logistic.restore(found.state()).odds(table).tolist() == found.odds(table).tolist()
