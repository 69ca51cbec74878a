"""The grader of what an answer's text alone can show."""

from __future__ import annotations

import asyncio

from guards import grading
from guards.golden import GoldenCase
from guards.grading import Grade


class TextGrader:
    """Grades by the answer's text. Implements `ports.grading.Grader` without the world."""

    async def grade(self, case: GoldenCase, output: str, version: str | None) -> Grade:
        """Return the grade. Raises `GradingError`, also for a kind that needs more than the text."""
        return await asyncio.to_thread(grading.grade, case.expectation, output)
