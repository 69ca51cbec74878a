"""Policies as texts: shown, checked with their lines, saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.bootstrap.policy_texts import PolicyTexts
from monitor.config import Config
from monitor.errors import BadRequest, Conflict, NotFound, Unavailable
from tests.unit.monitor.web.test_refusals import Trail

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = "# ours\nmargin: 0.05\nthresholds:\n  - indicator: fault_rate\n    above: 0.1\n    action: alert\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A policy's file, which others may read."""
    path = tmp_path / "policy.yaml"
    path.write_text(TEXT)
    path.chmod(0o644)
    return path


@pytest.fixture
def trail() -> Trail:
    return Trail()


@pytest.fixture
def texts(file: Path, trail: Trail) -> PolicyTexts:
    """The texts of a deployment with a file, and of one without."""
    deployments: Mapping[str, Any] = {
        "support": {"policy": file},
        "sales": {"policy": {"margin": 0.1}},
        "plain": {},
    }
    config = Config(
        engine={"kind": "vllm", "url": "http://127.0.0.1:1", "model": "base"},
        deployments=deployments,
    )
    return PolicyTexts(config, trail, lambda: NOW)


def test_a_policy_is_shown_as_it_is_written(texts, file):
    """With its comments where it has a file; else as YAML."""
    shown = texts.text("support")
    assert (shown.text, shown.place, shown.in_force) == (TEXT, str(file), True)
    assert (texts.text("sales").text, texts.text("sales").place) == ("margin: 0.1\n", None)
    assert texts.text("plain").text == ""
    with pytest.raises(NotFound):
        texts.text("other")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("margin: 0.1\nmargn: 0.2\n", 2, "did you mean 'margin'"),
        (TEXT.replace("0.1", "high"), 5, "thresholds[0].above"),
        (TEXT.replace("action: alert", "action: alrt"), 6, "did you mean 'alert'"),
        ("margin: [\n", 2, "is not YAML"),
        ("a: 1\n\tb: 2\n", 2, "is not YAML"),
        ("- 1\n- 2\n", 1, "must be a mapping"),
        ("margin: 2\n", 1, "margin"),
        ("x" * 200_000, None, "longer than"),
        ("[" * 5000, None, "cannot be read"),
        ("a: &a [x, x]\nb: [*a, *a]", None, "aliases"),
    ],
)
def test_a_mistake_is_told_with_its_line(texts, text, line, problem):
    """And with the nearest word that there is."""
    [mistake] = texts.check(text)
    assert mistake.line == line
    assert problem in mistake.problem


@pytest.mark.parametrize("text", ["", "# nothing\n", TEXT, "margin: 0.2\r\n"])
def test_a_policy_that_can_be_used_has_no_mistake(texts, text):
    """An empty one is the default."""
    assert texts.check(text) == ()


def test_saving_writes_the_file_and_an_audit_row(texts, file, trail):
    """The file keeps its mode; the new text is not in force before the next start."""
    before = texts.text("support")
    saved = texts.save(
        "support", "margin: 0.2\r\n", replacing=before.digest, actor="ada", reason="ticket 7"
    )
    assert (saved.text, saved.in_force) == ("margin: 0.2\n", False)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("margin: 0.2\n", 0o644)
    facts = {"reason": "ticket 7", "from": TEXT, "to": "margin: 0.2\n"}
    assert trail.appended == [("ada", "support", facts)]


def test_nothing_is_saved_over_somebody_elses_change(texts, file, trail):
    """Nor a text with a mistake, nor where there is no file."""
    digest = texts.text("support").digest
    with pytest.raises(BadRequest):
        texts.save("support", "margn: 1", replacing=digest, actor="ada", reason="x")
    file.write_text("margin: 0.3\n")
    with pytest.raises(Conflict, match="has changed"):
        texts.save("support", "margin: 0.2", replacing=digest, actor="ada", reason="x")
    with pytest.raises(Conflict, match="file of their own"):
        texts.save("sales", "margin: 0.2", replacing="", actor="ada", reason="x")
    assert (file.read_text(), trail.appended) == ("margin: 0.3\n", [])


def test_a_file_that_is_gone_is_unavailable(texts, file):
    """The page says so."""
    file.unlink()
    with pytest.raises(Unavailable, match="cannot be read"):
        texts.text("support")
