"""What docs/policy.md says is what the code takes, key by key."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from rollback import policy_tests
from rollback.decision import Because
from rollback.errors import PolicyError
from rollback.indicators.catalogue import OF_ANSWERS, is_operational
from rollback.policy import Policy, parse
from rollback.policy_tests import Given

_DOC = (Path(__file__).parents[3] / "docs" / "policy.md").read_text()


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the table that begins with this row."""
    table = _DOC.partition(f"{heading}\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.split("\n")[1:]]


_KEYS = {
    key.strip("`"): (default.strip("`"), example.strip("`"))
    for key, _, default, example, _ in (
        map(str.strip, row) for row in _rows("| key | unit | default | example | what |")
    )
}


def _known(mapping: dict[str, object]) -> set[str]:
    """Return the keys that a refusal of an unknown one names."""
    with pytest.raises(PolicyError) as caught:
        parse(mapping)
    return set(str(caught.value).partition("known are ")[2].split(", "))


def _named(cells: list[str]) -> list[str]:
    return re.findall(r"`(\w+)`", cells[0])


def test_every_key_is_documented_and_no_other() -> None:
    """The table is the code's."""
    assert set(_KEYS) == _known({"0": 1})


@pytest.mark.parametrize("key", _KEYS)
def test_the_documented_default_and_example_are_taken(key: str) -> None:
    """The default is the policy's own; the example is something else."""
    default, example = _KEYS[key]
    assert parse({key: yaml.safe_load(default)}) == Policy()
    assert parse({key: yaml.safe_load(example)}) != Policy()


def test_every_key_of_a_rule_is_documented() -> None:
    """In both forms."""
    found = {name for row in _rows("| key | unit | default | what |") for name in _named(row)}
    keyed = _known({"thresholds": [{"0": 1}]})
    told = _known({"thresholds": [{"when": "fault_rate > 1", "0": 1}]})
    assert found == keyed | told


def _kind(name: str) -> str:
    return "operations" if is_operational(name) else "quality"


def test_the_documented_indicators_are_the_catalogue() -> None:
    """With kind, unit and meaning."""
    rows = _rows("| indicator | kind | unit | what |")
    assert [[name.strip("`| "), *rest] for name, *rest in rows] == [
        [each.name, _kind(each.name), each.unit, each.meaning] for each in OF_ANSWERS.values()
    ]


def test_every_number_that_a_test_may_give_is_documented() -> None:
    """By the names of the file."""
    found = {name for row in _rows("| given | unit | default | what |") for name in _named(row)}
    assert found == {field.name for field in fields(Given)}


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", _DOC, re.DOTALL))
def test_the_examples_are_good_and_pass_their_own_tests(block: str) -> None:
    """What is shown can be copied."""
    shown = yaml.safe_load(block)
    tests = policy_tests.parse(shown.pop("tests", []))
    policy = parse(shown)
    outcomes = [policy_tests.run(policy, test) for test in tests]
    assert [(each.test.name, each.passed) for each in outcomes] == [
        (test.name, True) for test in tests
    ]
    if len(policy.thresholds) == 2:
        first, second = policy.thresholds
        assert first == second


def test_every_cause_of_a_decision_has_a_word() -> None:
    """That `because` takes."""
    for because in Because:
        (test,) = policy_tests.parse([{"name": "x", "expect": "hold", "because": because.value}])
        assert test.because == because.value
