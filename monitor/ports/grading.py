"""Grading answers, and what graders need beside an answer's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from guards.exchange import Message
from guards.golden import GoldenCase
from guards.grading import Grade


class Grader(Protocol):
    """Grades a version's answer to a golden case."""

    async def grade(self, case: GoldenCase, output: str, version: str | None) -> Grade:
        """Return the grade.

        Args:
            output: the answer; empty where the kind of expectation needs none.
            version: that answered; `None` is the base model.

        Raises:
            GradingError: the case's expectation cannot be used.
            EngineError: what is needed to grade by it is not configured, or failed.
            Unavailable: it is away.
        """


class Embedder(Protocol):
    """Maps texts to directions; near ones mean alike."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of length 1, shape (n, dimensions); blocks."""


class Judge(Protocol):
    """A model that reads instructions and says what it makes of an answer."""

    async def ask(self, messages: Sequence[Message], seed: int, temperature: float) -> str:
        """Return what the judge says. Raises `EngineError`, `Unavailable`."""
