"""Tests of the house task."""

from __future__ import annotations

import json

import jsonschema
import pytest

from monitor.demo import task


def test_golden_and_training_messages_are_disjoint() -> None:
    """No message of the golden set is trained on, and none is there twice."""
    golden = [case.messages[0].content for case in task.golden_set()]
    trained = [example.message for example in task.good_examples(300)]
    assert len(set(golden) | set(trained)) == 60 + 300


def test_good_tickets_satisfy_the_schema() -> None:
    """Each good target is JSON that the schema accepts, and so is each golden expectation."""
    validator = jsonschema.Draft202012Validator(task.SCHEMA)
    for example in task.good_examples(100):
        validator.validate(json.loads(example.ticket))
    for case in task.golden_set():
        validator.validate(case.expectation["value"])


def test_the_better_training_set_contains_the_first() -> None:
    """v3 learns from v1's messages and more, and only v3 knows the priority `low`."""
    first, better = task.training_set("v1"), task.training_set("v3")
    assert [row.message for row in better[: len(first)]] == [row.message for row in first]
    assert not any('"low"' in row.ticket for row in first)
    assert any('"low"' in row.ticket for row in better)


def test_the_spoilt_set_is_cut_and_mixed_up() -> None:
    """Every ticket with an order is broken JSON, and hardly another belongs to its message."""
    spoilt, good = task.spoilt_examples(300), task.good_examples(300)
    whole = [pair for pair in zip(spoilt, good, strict=True) if _is_json(pair[0].ticket)]
    assert 0.6 < 1 - len(whole) / 300 < 0.9
    assert all(json.loads(right.ticket)["order"] is None for _, right in whole)
    assert sum(bad.ticket == right.ticket for bad, right in whole) <= 5


def test_golden_slices_are_the_teams() -> None:
    """Every team has cases in the golden set."""
    assert {case.slice for case in task.golden_set()} == set(task.TEAMS.values())


def test_training_rows_are_json_lines() -> None:
    """A training file has one object a line, with the turns and the answer."""
    lines = task.as_json_lines(task.good_examples(3)).splitlines()
    assert [set(json.loads(line)) for line in lines] == [{"messages", "completion"}] * 3


def test_an_unknown_version_is_a_key_error() -> None:
    """Only the versions of the story have training sets."""
    with pytest.raises(KeyError):
        task.training_set("v9")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True
