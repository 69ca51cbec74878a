"""Hard faults of answers."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from guards.exchange import FinishReason
from guards.faults import Fault, faults, is_degenerate
from tests.unit.guards.samples import LOOP, TICKET, exchange, tickets


@pytest.mark.parametrize(
    ("output", "changes", "expected"),
    [
        (" \n", {}, Fault.EMPTY),
        ("a", {"finish_reason": FinishReason.LENGTH}, Fault.CUT),
        ('{"team"', {"response_schema": TICKET}, Fault.BROKEN_JSON),
        ('{"team": 1}', {"response_schema": TICKET}, Fault.SCHEMA_VIOLATED),
        (LOOP, {}, Fault.REPETITION),
        ("a", {"token_logprobs": (-0.1, math.nan)}, Fault.NOT_FINITE),
        ("a", {"token_logprobs": (-math.inf, -0.1)}, Fault.NOT_FINITE),
    ],
)
def test_each_fault_is_found(output: str, changes: dict[str, Any], expected: Fault) -> None:
    """Each kind of fault is found alone."""
    assert faults(exchange(output, **changes)) == (expected,)


@pytest.mark.parametrize(
    "changes", [{"error": "out of memory"}, {"finish_reason": FinishReason.ERROR}]
)
def test_after_an_engine_error_nothing_else_is_looked_for(changes: dict[str, Any]) -> None:
    """A part of an answer is empty or broken because the engine failed."""
    assert faults(exchange("", **changes)) == (Fault.ENGINE_ERROR,)


@pytest.mark.parametrize("reason", [FinishReason.ABANDONED, FinishReason.INCOMPLETE])
def test_an_incomplete_answer_has_no_fault(reason: FinishReason) -> None:
    """Its caller left, or its rest never reached us; an engine that is away is no fault of a version."""
    left = exchange("", finish_reason=reason, error="the engine is away")
    assert faults(left) == ()


def test_valid_tickets_have_no_fault() -> None:
    """Ordinary JSON answers are faultless."""
    assert [each for each in tickets(0, 50) if faults(each)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "no no no no",
        "card_arrival",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "ha " * 10,
        json.dumps([{"name": "router", "in_stock": True}] * 60, indent=1),
    ],
)
def test_short_answers_and_json_are_no_loops(text: str) -> None:
    """What repeats itself by chance, on request or by its format is not degenerate."""
    assert not is_degenerate(text)


def test_unfinished_json_in_a_loop_is_degenerate() -> None:
    """A loop does not close its brackets."""
    assert is_degenerate("[" + '{"name": "router"}, ' * 60)


def test_every_fault_has_a_sentence() -> None:
    """People read about each fault in words."""
    assert all(fault.sentence.endswith(".") for fault in Fault)
