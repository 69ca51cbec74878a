"""Several hypotheses at once: e-values that are corrected for their number.

Source: Vovk, Wang, *E-values: calibration, combination and applications* (2021), closed testing
with arithmetic means, which are valid under any dependence.
"""

from __future__ import annotations

from collections.abc import Mapping


def adjusted(e_values: Mapping[str, float]) -> dict[str, float]:
    """Return each hypothesis's e-value after closed testing.

    P(the adjusted e-value of any true hypothesis reaches c) ≤ 1/c over the whole family. A
    hypothesis falls only with every set of hypotheses that it is in: the hardest are those of
    it and the k smallest others.

    >>> adjusted({"a": 900.0, "b": 0.0, "c": 60.0})
    {'a': 320.0, 'b': 0.0, 'c': 30.0}
    """
    ascending = sorted(e_values.values())
    return {name: _least_mean(value, ascending) for name, value in e_values.items()}


def _least_mean(value: float, ascending: list[float]) -> float:
    """Return the least mean of `value` with the smallest of the others."""
    others = ascending.copy()
    others.remove(value)
    total = least = value
    for count, other in enumerate(others, start=2):
        total += other
        least = min(least, total / count)
    return least
