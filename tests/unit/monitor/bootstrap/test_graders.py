"""The grader that a configuration describes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.bootstrap.graders import OnFirstUse
from monitor.errors import EngineError


class Ones:
    """Says the same of every text."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a column of ones."""
        return np.ones((len(texts), 1), dtype=np.float32)


def test_an_embedder_is_loaded_once_and_when_it_is_needed() -> None:
    """A load that fails is tried again at the next case."""
    loads: list[str] = []

    def load() -> Ones:
        loads.append("load")
        if len(loads) == 1:
            raise EngineError("the folder is gone")
        return Ones()

    embedder = OnFirstUse(load)
    assert loads == []
    with pytest.raises(EngineError, match="gone"):
        embedder.encode(["a"])
    assert embedder.encode(["a", "b"]).shape == (2, 1)
    embedder.encode(["c"])
    assert loads == ["load", "load"]
