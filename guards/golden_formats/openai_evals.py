"""Samples of OpenAI evals: JSON Lines with `input` and `ideal`.

Source: docs/build-eval.md of openai/evals. The samples do not say which class grades them: that is
told by the format's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from guards import golden
from guards.golden_case import GoldenCase, GoldenSetError
from guards.golden_formats import fields
from guards.golden_formats.fields import Record

Expect = Callable[[Sequence[str]], Record]


def cases(text: str, expect: Expect) -> tuple[GoldenCase, ...]:
    """Return the cases of samples. Raises `GoldenSetError`.

    Args:
        expect: returns the expectation for the ideal answers.
    """
    return golden.gathered(_placed(text, expect))


def match(ideals: Sequence[str]) -> Record:
    """Return what class `Match` asks: the answer begins with one of the ideals."""
    return fields.starts_with_one_of(ideals)


def includes(ideals: Sequence[str]) -> Record:
    """Return what class `Includes` asks: one of the ideals is in the answer."""
    return fields.has_one_of(ideals)


def _placed(text: str, expect: Expect) -> Iterator[tuple[str, Callable[[], GoldenCase]]]:
    for place, line in golden.lines(text):
        yield place, partial(_case, line, expect)


def _case(line: str, expect: Expect) -> GoldenCase:
    sample = golden.parse_object(line)
    fields.only(sample, {"input", "ideal"})
    expectation = expect(_ideals(sample.get("ideal")))
    return fields.case_with_id("evals", {**_asked(sample.get("input")), "expectation": expectation})


def _asked(told: Any) -> Record:
    if isinstance(told, str):
        return {"prompt": told}
    if not isinstance(told, list) or not all(isinstance(turn, dict) for turn in told):
        raise GoldenSetError("the field 'input' must be a text or a list of messages")
    for turn in told:
        if "name" in turn:
            raise GoldenSetError(
                "the field 'name' of a message in 'input' cannot be carried over: turn example "
                "turns into user and assistant turns"
            )
    return {"messages": told}


def _ideals(ideal: Any) -> list[str]:
    ideals = [ideal] if isinstance(ideal, str) else ideal
    if not isinstance(ideals, list) or not ideals or not all(isinstance(x, str) for x in ideals):
        raise GoldenSetError("the field 'ideal' must be a text or a list of texts")
    return ideals
