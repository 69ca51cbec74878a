"""What stands in for a part that graders need and nobody configured: it says what to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guards.exchange import Message
from monitor.errors import EngineError


class NoJudge:
    """Stands for a judge that nobody configured. Implements `ports.grading.Judge`."""

    async def ask(self, messages: Sequence[Message], seed: int, temperature: float) -> str:
        """Raise `EngineError`."""
        raise EngineError(
            "the case wants a judge and none is configured: set grading.judge.url and "
            "grading.judge.model to an OpenAI-compatible server"
        )


class NoEmbedder:
    """Stands for an embedder that nobody configured. Implements `ports.grading.Embedder`."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Raise `EngineError`."""
        raise EngineError("the case wants an embedder and none is configured")


class NoLikelihood:
    """Stands for an engine that cannot score a given text. Implements `ports.engine.Likelihood`.

    Args:
        kind: of the engine.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind

    async def score(
        self, messages: Sequence[Message], continuation: str, version: str | None
    ) -> tuple[float, ...]:
        """Raise `EngineError`."""
        raise EngineError(
            f"the case wants the likelihood of a given text, and the {self._kind} engine does not "
            "tell it: use the local engine or vLLM"
        )
