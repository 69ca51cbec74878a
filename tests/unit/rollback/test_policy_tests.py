"""Table tests of a policy."""

from datetime import timedelta
from typing import Any

import pytest

from rollback import policy_tests
from rollback.errors import PolicyError
from rollback.policy import Policy, parse
from rollback.policy_tests import Outcome


def _ran(given: dict[str, Any], policy: Policy | None = None) -> Outcome:
    (test,) = policy_tests.parse([{"name": "t", "given": given, "expect": "hold"}])
    return policy_tests.run(policy or Policy(), test)


@pytest.mark.parametrize(
    ("given", "found", "because"),
    [
        ({}, "hold", "quiet"),
        ({"suspicion": 5_000}, "suspect", "suspicion"),
        ({"evidence": 200_000}, "rollback", "harm"),
        ({"evidence": 200_000, "rollbacks": ["1m"]}, "hold", "cool-down"),
        ({"evidence": 200_000, "rollbacks": ["1h", "2h", "3h"]}, "freeze", "too many"),
        ({"evidence": 200_000, "has_baseline": False}, "freeze", "no way back"),
        ({"evidence": 200_000, "sick": "it fails its probe"}, "freeze", "no way back"),
        ({"evidence": 200_000, "pinned": "fair"}, "hold", "pinned"),
        ({"evidence": 200_000, "frozen": "by hand"}, "hold", "frozen"),
    ],
)
def test_what_is_given_is_decided_upon(given: dict[str, Any], found: str, because: str) -> None:
    """By the decision of the service."""
    outcome = _ran(given)
    assert (outcome.found, outcome.because) == (found, because)
    assert outcome.passed is (found == "hold")


def test_values_last_as_long_as_is_said() -> None:
    """The longest rule's time if nothing is."""
    policy = parse({"thresholds": [{"when": "fault_rate > 0.2 for 10 min", "action": "rollback"}]})
    bad = {"indicators": {"fault_rate": 0.5}}
    assert _ran(bad, policy).found == "rollback"
    assert _ran({**bad, "minutes": 9}, policy).found == "hold"


def test_a_test_may_ask_for_the_cause_too() -> None:
    """Held for another reason is not what was meant."""
    rows = [{"name": "t", "expect": "hold", "because": "maintenance"}]
    (test,) = policy_tests.parse(rows)
    assert not policy_tests.run(Policy(cool_down=timedelta(0)), test).passed


@pytest.mark.parametrize(
    ("value", "key", "way_out"),
    [
        ("x", "tests", "list of tests"),
        ([5], "tests[0]", "must be a mapping"),
        ([{"name": "a"}], "tests[0]", "lacks 'expect'"),
        ([{"expect": "hold"}], "tests[0]", "lacks 'name'"),
        ([{"name": "a", "expect": "rolback"}], "tests[0].expect", "mean 'rollback'"),
        (
            [{"name": "a", "expect": "hold", "given": {"evidenc": 1}}],
            "tests[0].given.evidenc",
            "mean 'evidence'",
        ),
        (
            [{"name": "a", "expect": "hold", "given": {"indicators": {"latency": 1}}}],
            "tests[0].given.indicators",
            "is no indicator",
        ),
        (
            [{"name": "a", "expect": "hold", "given": {"evidence": -1}}],
            "tests[0].given.evidence",
            "below 0",
        ),
        (
            [{"name": "a", "expect": "hold", "given": {"at": "noon"}}],
            "tests[0].given.at",
            "no moment",
        ),
    ],
)
def test_a_refusal_names_the_key_and_the_way_out(value: Any, key: str, way_out: str) -> None:
    """A misspelt number would be quiet."""
    with pytest.raises(PolicyError) as caught:
        policy_tests.parse(value)
    assert caught.value.key == key
    assert way_out in str(caught.value)
