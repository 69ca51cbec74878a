"""Guards that ask something outside this process's thread: a model, a judge, another library."""

from __future__ import annotations

from typing import Protocol

from guards.checks.context import GuardContext
from guards.checks.finding import Finding


class AnswerGuard(Protocol):
    """A check of one whole answer that takes a while.

    What it raises is for `guards.checks.judgement.Report(failed=True)`: a blocking guard then
    fails closed, any other open.
    """

    @property
    def name(self) -> str:
        """The name that settings and counts go by."""

    async def check(self, answer: str, context: GuardContext) -> tuple[Finding, ...]:
        """Return what is wrong with an answer.

        Raises:
            EngineError: if what was asked gave no usable verdict.
            Unavailable: if it is away, or took longer than its time limit.
        """

    async def close(self) -> None:
        """Let go of what it holds. Waiting checks end with `Unavailable`."""
