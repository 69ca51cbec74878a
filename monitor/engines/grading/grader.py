"""The grader of every kind of expectation."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

from guards import grading, normalization
from guards.expectation import COMBINED, check_expectation, parts
from guards.golden import GoldenCase
from guards.grading import Grade
from monitor.engines.grading import judge as judging
from monitor.engines.grading import likelihood
from monitor.engines.grading.sandbox import Sandbox
from monitor.ports.engine import Likelihood
from monitor.ports.grading import Embedder, Judge

_LIMIT_S = 10.0  # for code and its tests


class EveryGrader:
    """Grades by text, and by what is beyond it. Implements `ports.grading.Grader`."""

    def __init__(
        self, *, likelihood: Likelihood, embedder: Embedder, judge: Judge, sandbox: Sandbox
    ) -> None:
        self._likelihood = likelihood
        self._embedder = embedder
        self._judge = judge
        self._sandbox = sandbox
        self._turns = asyncio.Semaphore(os.cpu_count() or 1)  # more would eat each other's time

    async def grade(self, case: GoldenCase, output: str, version: str | None) -> Grade:
        """Return the grade; see `ports.grading.Grader`."""
        check_expectation(case.expectation)
        if case.expectation["kind"] in COMBINED:
            return await self._combined(case, output, version)
        match case.expectation["kind"]:
            case "similarity":
                found = await asyncio.to_thread(self._similarity, case, output)
            case "reference_logprob":
                found = await likelihood.of_reference(self._likelihood, case, version)
            case "multiple_choice":
                found = await likelihood.of_choice(self._likelihood, case, version)
            case "code":
                found = await self._code(case, output)
            case "judge":
                found = await judging.by_judge(self._judge, case, output)
            case _:
                return await asyncio.to_thread(grading.grade, case.expectation, output)
        return grading.passed(case.expectation, found)

    async def _combined(self, case: GoldenCase, output: str, version: str | None) -> Grade:
        """Grade one part after the other: a judge and a sandbox are not asked at once."""
        grades = [
            await self.grade(replace(case, expectation=part), output, version)
            for part in parts(case.expectation)
        ]
        return grading.combined(case.expectation, grades)

    def _similarity(self, case: GoldenCase, output: str) -> Grade:
        """Return the best cosine with a reference; an opposite direction counts as 0."""
        texts = [output, *case.expectation["values"]]
        raw = self._embedder.encode(texts)
        folded = self._embedder.encode([normalization.folded(text) for text in texts])
        return Grade(
            raw=_share(float((raw[1:] @ raw[0]).max())),
            normalized=_share(float((folded[1:] @ folded[0]).max())),
        )

    async def _code(self, case: GoldenCase, output: str) -> Grade:
        """Run the answer as it is, and the inside of its first code fence."""
        raw = await self._ran(case, output)
        inside = normalization.unfenced(output)
        return Grade(
            raw=raw, normalized=raw if "```" not in output else await self._ran(case, inside)
        )

    async def _ran(self, case: GoldenCase, code: str) -> float:
        expectation = case.expectation
        async with self._turns:
            passed = await asyncio.to_thread(
                self._sandbox.run,
                expectation.get("before", "") + code,
                expectation["tests"],
                limit_s=float(expectation.get("limit_s", _LIMIT_S)),
            )
        return float(passed)


def _share(cosine: float) -> float:
    return min(1.0, max(0.0, cosine))
