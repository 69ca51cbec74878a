"""Exchange logs in files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.cli.log_file import LogFile, opened
from monitor.errors import BadRequest

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
ONE = {"prompt": "a", "output": "b"}


def log(*values: Any) -> LogFile:
    """Return a log with an object on each line."""
    lines = [(json.dumps(value) + "\n").encode() for value in values]
    return LogFile("x.jsonl", lines, NOON, sum(map(len, lines)))


def test_lines_become_batches_that_are_complete_in_themselves() -> None:
    """Each exchange has its id, its time and its deployment, so that it never counts twice."""
    (batch,) = log(ONE, {**ONE, "adapter": None}).batches("support")
    first, second = map(json.loads, batch.body.splitlines())
    assert (batch.count, batch.read) == (2, len(json.dumps(ONE)) * 2 + len(', "adapter": null\n\n'))
    assert first["started_at"] == "2025-06-01T12:00:00+00:00"
    assert (first["deployment"], first["id"][:4]) == ("support", "log-")
    assert "adapter" not in first
    assert second["adapter"] is None


def test_batches_are_bounded_in_lines_and_bytes() -> None:
    """A long line is a batch of its own."""
    many = [{**ONE, "id": f"x{index}"} for index in range(1001)]
    assert [batch.count for batch in log(*many).batches("support")] == [500, 500, 1]
    long = {**ONE, "output": "b" * (2 << 20)}
    assert [batch.count for batch in log(ONE, long, ONE).batches("support")] == [1, 1, 1]


def test_a_bad_line_is_named_before_its_batch_is_sent() -> None:
    """With its field; blank lines count."""
    lines = [json.dumps(ONE).encode(), b"\n", b'{"prompt": "a", "output": 7}\n']
    with pytest.raises(BadRequest, match=r"x\.jsonl, line 3: output must be text"):
        next(LogFile("x.jsonl", lines, NOON, None).batches("support"))


def test_a_log_without_deployment_wants_one() -> None:
    """By the option."""
    with pytest.raises(BadRequest, match="name the deployment"):
        next(log(ONE).batches(None))


def test_a_file_has_its_own_time_and_a_missing_one_is_named(tmp_path: Path) -> None:
    """So that reading it again gives the same exchanges."""
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(ONE))
    with opened(path) as first, opened(path) as again:
        bodies = [next(each.batches("support")).body for each in (first, again)]
    assert bodies[0] == bodies[1]
    with pytest.raises(BadRequest, match="cannot be read"), opened(tmp_path / "none.jsonl"):
        pass
