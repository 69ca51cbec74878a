"""Signals of structure."""

from __future__ import annotations

from typing import Any

import pytest

from guards.exchange import FinishReason
from guards.signals import catalogue, structure
from tests.unit.guards.samples import TICKET, exchange


def _signals(output: str, **changes: Any) -> dict[str, float]:
    return catalogue.table([exchange(output, **changes)], structure.SIGNALS).mappings()[0]


@pytest.mark.parametrize(
    ("output", "json_valid", "schema_valid"),
    [
        ('{"team": "billing", "order": "A-1"}', 1.0, 1.0),
        ('{"team": "billing", "order": "1"}', 1.0, 0.0),
        ('{"team": "bil', 0.0, 0.0),
    ],
)
def test_structure_tells_valid_violating_and_broken_json_apart(
    output: str, json_valid: float, schema_valid: float
) -> None:
    """Broken JSON violates any schema; valid JSON may violate this one."""
    signals = _signals(output, response_schema=TICKET)
    assert (signals["json_valid"], signals["schema_valid"]) == (json_valid, schema_valid)


def test_free_text_has_no_structure_to_be_valid_by() -> None:
    """Without a declared schema validity is undefined."""
    assert _signals("{") == {"cut": 0.0}


def test_the_finish_reason_says_whether_the_answer_was_cut() -> None:
    """Only the token limit cuts; an unknown reason says nothing."""
    assert _signals("a", finish_reason=FinishReason.LENGTH) == {"cut": 1.0}
    assert _signals("a", finish_reason=None) == {}
