"""Constant answers: a model that says the same whatever it is asked."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

from guards.exchange import Exchange

_SHORTEST_RUN = 8
_CERTAIN = 0.99  # a commoner answer than this is the task itself


class ConstantAnswers:
    """Finds runs of one identical answer to different prompts.

    A classifier rightly gives few distinct answers. So only answers of more than `min_characters`
    count, and the run that is needed grows with the share s of the commonest answer among the
    reference answers: independent prompts give it `run` times in a row with a chance of s^run
    (`for_share` keeps that under 1e-6 for each start of a run).

    >>> checker = ConstantAnswers(run=8)
    >>> checker.state()
    {'answer': '', 'prompts': []}

    Args:
        run: distinct prompts in a row with one answer that make a fault.
        min_characters: shorter answers are never called constant.
    """

    def __init__(self, *, run: int = _SHORTEST_RUN, min_characters: int = 40) -> None:
        self.run = run
        self.min_characters = min_characters
        self._answer = ""
        self._prompts: dict[str, None] = {}

    @classmethod
    def for_share(cls, share: float, *, false_alarm: float = 1e-6) -> Self:
        """Return a checker for traffic whose commonest answer has the given share."""
        bounded = min(max(share, 0.01), _CERTAIN)
        return cls(run=max(_SHORTEST_RUN, math.ceil(math.log(false_alarm) / math.log(bounded))))

    def observe(self, exchange: Exchange) -> bool:
        """Take in the next answer; return whether it belongs to a run that is long enough.

        Incomplete answers are passed over.
        """
        if not exchange.is_complete:
            return False
        if len(exchange.output) <= self.min_characters:
            self._start("")
            return False
        answer = _digest(exchange.output)
        if answer != self._answer:
            self._start(answer)
        if len(self._prompts) < self.run:
            self._prompts[_digest(exchange.prompt)] = None
        return len(self._prompts) >= self.run

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, as JSON; it holds digests, no text."""
        return {"answer": self._answer, "prompts": list(self._prompts)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self._start(state["answer"])
        self._prompts.update(dict.fromkeys(state["prompts"]))

    def _start(self, answer: str) -> None:
        self._answer = answer
        self._prompts = {}


def commonest_share(outputs: Sequence[str]) -> float:
    """Return the share of the commonest answer, with one more of it counted for safety.

    >>> commonest_share(["a", "a", "b"])
    0.75
    """
    counts: dict[str, int] = {}
    for output in outputs:
        counts[output] = counts.get(output, 0) + 1
    return (max(counts.values(), default=0) + 1) / (len(outputs) + 1)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
