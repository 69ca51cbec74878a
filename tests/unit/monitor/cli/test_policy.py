"""`backstop policy` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.cli.main import app
from monitor.errors import BadRequest, ConfigError

_GOOD = """\
thresholds:
  - when: fault_rate > 0.2 for 5 min
    action: rollback
tests:
  - name: broken answers go
    given: {indicators: {fault_rate: 0.5}}
    expect: rollback
"""


def run(*arguments: object) -> Result:
    """Run a command; its errors are raised."""
    words = ["policy", *map(str, arguments)]
    result = CliRunner().invoke(app, words, catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy's file to be written."""
    return tmp_path / "policy.yaml"


def test_a_good_policy_is_shown_as_it_is_understood(policy: Path) -> None:
    """Each rule in words."""
    policy.write_text(_GOOD)
    shown = run("check", policy).stdout
    assert "1 thresholds, 1 tests" in shown
    assert "fault_rate above 0.2 for 5m" in shown
    assert json.loads(run("check", policy, "--json").stdout)["tests"] == 1


def test_every_mistake_is_told_with_its_line(policy: Path) -> None:
    """And the nearest known word, also inside a list and in the tests."""
    policy.write_text(
        "margin: 2\n"
        "thresholds:\n"
        "  - when: fault_rate > 0.2\n"
        "    action: alert\n"
        "  - when: p95_latency > 2\n"
        "    action: alert\n"
        "tests:\n"
        "  - name: a\n"
        "    expect: rolback\n"
    )
    with pytest.raises(ConfigError) as caught:
        run("check", policy)
    told = str(caught.value)
    for part in (
        "policy.yaml, line 1: policy key 'margin'",
        "line 5: policy key 'thresholds[1].when': 'p95_latency' is no indicator; did you mean "
        "'latency_p95_s'?",
        "line 9: policy key 'tests[0].expect': 'rolback' is unknown; did you mean 'rollback'?",
    ):
        assert part in told


def test_what_is_missing_is_told_with_the_line_of_what_it_is_missing_from(policy: Path) -> None:
    """A key that is not there has no line of its own."""
    policy.write_text("dry_run: true\nthresholds:\n  - when: fault_rate > 0.2\n")
    with pytest.raises(ConfigError, match=r"line 3: policy key 'thresholds\[0\]': lacks 'action'"):
        run("check", policy)


def test_a_key_that_stands_twice_is_refused(policy: Path) -> None:
    """YAML would take the second, unseen."""
    policy.write_text("margin: 0.1\ncool_down: 5m\nmargin: 0.2\n")
    with pytest.raises(ConfigError, match="line 3: 'margin' stands on line 1 already"):
        run("check", policy)


def test_declared_tests_run_and_a_failure_is_an_exit_status(policy: Path) -> None:
    """With what was found instead."""
    policy.write_text(_GOOD)
    assert run("test", policy).exit_code == 0
    policy.write_text(_GOOD.replace("expect: rollback", "expect: hold"))
    failed = run("test", policy, "--json")
    assert failed.exit_code == 1
    (row,) = json.loads(failed.stdout)
    assert (row["expected"], row["found"], row["passed"]) == ("hold", "rollback", False)


def test_a_policy_without_tests_cannot_be_tested(policy: Path) -> None:
    """Nothing would have been shown."""
    policy.write_text("margin: 0.1\n")
    with pytest.raises(BadRequest, match="declares no `tests:`"):
        run("test", policy)


def test_explain_wants_one_thing() -> None:
    """A deployment, or a decision."""
    for words in ((), ("support", "--decision", "d1")):
        with pytest.raises(BadRequest, match="name a deployment, or one decision"):
            run("explain", *words)
