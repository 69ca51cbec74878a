"""The parts that signals are made of."""

from __future__ import annotations

import numpy as np

from guards.signals import signal
from guards.signals.batch import Batch
from tests.unit.guards.samples import exchange


def test_a_column_is_a_float_array() -> None:
    """Whole numbers become floats, so that NaN has a place."""
    assert signal.column(iter([1, 2])).dtype == np.float64


def test_a_signal_of_text_looks_at_the_answer() -> None:
    """The measure is applied to each answer's text."""
    compute = signal.of_text(lambda view: float(len(view.text)))
    assert compute(Batch([exchange("ab"), exchange("")])).tolist() == [2.0, 0.0]
