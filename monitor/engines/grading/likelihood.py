"""Grades by likelihood: nothing is written; the model says how probable given texts are."""

from __future__ import annotations

import asyncio
import math

from guards.golden import GoldenCase
from guards.grading import Grade
from monitor.ports.engine import Likelihood


async def of_reference(engine: Likelihood, case: GoldenCase, version: str | None) -> Grade:
    """Return the geometric mean probability of the reference: raw by token, normalised by byte.

    By byte it does not hang on how a tokenizer cuts, so base models can be compared.
    """
    reference: str = case.expectation["value"]
    logprobs = await engine.score(case.messages, reference, version)
    total = math.fsum(logprobs)
    return Grade(
        raw=_probability(total / len(logprobs)),
        normalized=_probability(total / _bytes(reference)),
    )


async def of_choice(engine: Likelihood, case: GoldenCase, version: str | None) -> Grade:
    """Return whether the right choice is the likeliest: raw as is, normalised by byte.

    These are `acc` and `acc_norm` of the lm-evaluation-harness. A tie with a wrong choice is wrong.
    """
    choices: list[str] = case.expectation["values"]
    right = choices.index(case.expectation["value"])
    told = await asyncio.gather(
        *(engine.score(case.messages, choice, version) for choice in choices)
    )
    totals = [math.fsum(logprobs) for logprobs in told]
    per_byte = [total / _bytes(choice) for total, choice in zip(totals, choices, strict=True)]
    return Grade(raw=_chosen(totals, right), normalized=_chosen(per_byte, right))


def _chosen(values: list[float], right: int) -> float:
    others = [value for index, value in enumerate(values) if index != right]
    return float(values[right] > max(others))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _probability(logprob: float) -> float:
    return min(1.0, math.exp(logprob))
