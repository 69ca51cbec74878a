"""How sure a classifier of the usual classes is: out-of-scope text excites none of them."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards.outliers.detector import Arrays
from guards.outliers.neighbours import products


class MaxLogit:
    """The largest logit of a logistic regression, in scikit-learn's conventions.

    Logits say more than probabilities, which are large also far from every class (Hendrycks et
    al., 2022).

    Args:
        inverse_penalty: C of the regression.
        rounds: iterations of the optimiser at most.

    Attributes:
        coefficients_: (classes, dimensions). intercepts_: (classes,).
    """

    def __init__(self, *, inverse_penalty: float = 10.0, rounds: int = 300) -> None:
        self.inverse_penalty = inverse_penalty
        self.rounds = rounds

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn from vectors of shape (n, dimensions) and their classes (n,), at least 3 of them.

        Raises:
            ValueError: without labels.
        """
        if labels is None:
            raise ValueError("a classifier of the usual classes needs labels")
        from sklearn.linear_model import LogisticRegression  # half a second, and SciPy with it

        regression = LogisticRegression(C=self.inverse_penalty, max_iter=self.rounds)
        regression.fit(vectors, labels)
        self.coefficients_, self.intercepts_ = regression.coef_, regression.intercept_
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        logits = products(np.asarray(vectors), self.coefficients_) + self.intercepts_
        return np.asarray(logits.max(axis=1), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {"coefficients": self.coefficients_, "intercepts": self.intercepts_}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the detector that gave the arrays."""
        detector = cls()
        detector.coefficients_ = arrays["coefficients"]
        detector.intercepts_ = arrays["intercepts"]
        return detector
