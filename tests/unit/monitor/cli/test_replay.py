"""`backstop replay` from the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from monitor.cli.main import app
from monitor.errors import BadRequest, ConfigError
from tests.unit.monitor.runtime.replay.test_replay import answer


def write(path: Path, *lines: dict[str, Any]) -> Path:
    """Write a log."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def line(number: int, **more: Any) -> dict[str, Any]:
    """Return a line of a log."""
    return {"prompt": f"question {number}", "output": answer(number).output, **more}


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A log of usual answers."""
    return write(tmp_path / "usual.jsonl", *(line(5_000 + n) for n in range(80)))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A log of 20 good answers, a blank line, and 40 failures, tagged as the change."""
    lines = [line(n) for n in range(20)]
    lines += [line(n, error="oops", tags={"changed": "true"}) for n in range(20, 60)]
    text = "\n".join(map(json.dumps, lines[:20])) + "\n\n"
    path = tmp_path / "live.jsonl"
    path.write_text(text + "\n".join(map(json.dumps, lines[20:])))
    return path


def run(*arguments: object, given: bytes | None = None) -> list[dict[str, Any]]:
    """Return the JSON lines that a replay prints."""
    result = CliRunner().invoke(
        app, ["replay", *map(str, arguments), "--json"], input=given, catch_exceptions=False
    )
    return [json.loads(each) for each in result.stdout.splitlines()]


def test_events_come_line_by_line_and_the_summary_last(broken: Path, reference: Path) -> None:
    """Indices are lines of the log from 0, blank ones counted."""
    event, summary = run(broken, "--reference", reference)
    assert event["kind"] == "rollback"
    assert {"index", "channel", "evidence", "reason"} < set(event)
    assert summary["kind"] == "summary"
    assert summary["false_alarm_budget"] == 1e-5
    assert (summary["changed_at"], summary["rolled_back_at"]) == (21, event["index"])
    assert summary["delay"] == summary["exposure"] == event["index"] - 20
    assert (summary["false_alarms"], summary["alarms"]) == (0, 1)


def test_the_first_300_answers_are_the_reference_where_none_is_given(tmp_path: Path) -> None:
    """What comes after them is judged."""
    log = write(tmp_path / "live.jsonl", *(line(n) for n in range(320)))
    (summary,) = run(log)
    assert (summary["reference"], summary["exchanges"]) == (300, 20)


def test_equal_bytes_lead_to_equal_events(tmp_path: Path, reference: Path) -> None:
    """Whenever the file was written, and from standard input."""
    log = write(tmp_path / "live.jsonl", *(line(n, output="No.") for n in range(100)))
    found = []
    for written_at in (1_700_000_000, 1_800_000_000):
        os.utime(log, (written_at, written_at))
        found.append(run(log, "--reference", reference))
    found.append(run("-", "--reference", reference, given=log.read_bytes()))
    assert found[0][0]["kind"] == "suspect"
    assert found[0] == found[1] == found[2]


def test_arl_sets_both_lines(broken: Path, reference: Path) -> None:
    """A lower one is reached earlier."""
    early = run(broken, "--reference", reference, "--arl", 100)
    late = run(broken, "--reference", reference, "--arl", 1e9)
    assert early[-1]["false_alarm_budget"] == early[-1]["suspicion_budget"] == 0.01
    assert early[0]["index"] < late[0]["index"]


def test_policies_come_from_files(tmp_path: Path, broken: Path, reference: Path) -> None:
    """Each has a summary of its own."""
    lax = tmp_path / "lax.yaml"
    lax.write_text("fault_rate_tolerated: 0.97\n")
    strict = tmp_path / "strict.yaml"
    strict.write_text("false_rollback_budget: 1 in 100 exchanges\n")
    found = run(broken, "--reference", reference, "--policy", lax, "--policy", strict)
    kinds = [(each["policy"], each["kind"]) for each in found]
    assert kinds == [(str(strict), "rollback"), (str(lax), "summary"), (str(strict), "summary")]


def test_a_bad_line_is_named(tmp_path: Path, reference: Path) -> None:
    """Also behind the place where nothing is judged any more."""
    log = tmp_path / "live.jsonl"
    log.write_text(json.dumps(line(1)) + '\n{"prompt": "a", "output": 3}\n')
    with pytest.raises(BadRequest, match=r"live\.jsonl, line 2: output must be text"):
        run(log, "--reference", reference)


def test_a_log_of_several_deployments_wants_one_chosen(tmp_path: Path, reference: Path) -> None:
    """The others' lines are passed over."""
    lines = [line(n, deployment="ab"[n % 2]) for n in range(10)]
    log = write(tmp_path / "live.jsonl", *lines)
    with pytest.raises(BadRequest, match="choose one with --deployment"):
        run(log, "--reference", reference)
    own = write(tmp_path / "own.jsonl", *(line(900 + n, deployment="b") for n in range(60)))
    (summary,) = run(log, "--reference", own, "--deployment", "b")
    assert summary["exchanges"] == 5


def test_a_deployment_that_the_log_does_not_know_is_named(tmp_path: Path) -> None:
    """More traffic would not help; an empty log has no answer either."""
    log = write(tmp_path / "live.jsonl", *(line(n, deployment="a") for n in range(60)))
    with pytest.raises(BadRequest, match=r"live\.jsonl: there is no answer of deployment 'nope'"):
        run(log, "--deployment", "nope")
    with pytest.raises(BadRequest, match=r"empty\.jsonl: there is no answer in it"):
        run(write(tmp_path / "empty.jsonl"))


def test_a_change_behind_the_end_of_the_log_is_refused(broken: Path, reference: Path) -> None:
    """Or every alarm would be called a false one."""
    with pytest.raises(BadRequest, match=r"--change-at 5000: .*live\.jsonl ends at line 60"):
        run(broken, "--reference", reference, "--change-at", 5000)


def test_a_policy_that_is_not_there_or_is_wrapped_is_named(
    tmp_path: Path, broken: Path, reference: Path
) -> None:
    """Each with what to do."""
    with pytest.raises(ConfigError, match=r"docs/policy\.md shows every key"):
        run(broken, "--reference", reference, "--policy", tmp_path / "none.yaml")
    wrapped = tmp_path / "wrapped.yaml"
    wrapped.write_text("policy: {margin: 0.1}\n")
    with pytest.raises(ConfigError, match="without `policy:`"):
        run(broken, "--reference", reference, "--policy", wrapped)


@pytest.mark.slow
def test_curves_are_drawn(tmp_path: Path, broken: Path, reference: Path) -> None:
    """As a picture, or as a page that stands alone."""
    picture, page = tmp_path / "x.png", tmp_path / "x.html"
    run(broken, "--reference", reference, "--plot", picture)
    run(broken, "--reference", reference, "--plot", page)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "data:image/png;base64," in page.read_text()
    with pytest.raises(BadRequest, match=r"draws \.png or \.html"):
        run(broken, "--plot", tmp_path / "x.gif")
