"""`backstop golden` against a running service."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from yarl import URL

from monitor.cli import main
from tests.integration.web import serving
from tests.integration.web.golden_story import RUN, golden_run
from tests.integration.web.story import V1, V2

pytestmark = pytest.mark.integration


@pytest.fixture
def config(service: serving.Service, tmp_path: Path) -> Path:
    """The configuration of the running service, which has a golden run on record."""
    golden_run(service.stores, serving.now())
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "operator.token").write_text(serving.TOKEN)
    file = tmp_path / "backstop.yaml"
    file.write_text(
        "data_dir: data\nengine: {model: model}\ndeployments: {support: {}}\n"
        f"listen: {{port: {URL(service.url).port}}}"
    )
    return file


def _run(monkeypatch: pytest.MonkeyPatch, config: Path, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["backstop", "golden", *words, "--config", str(config)])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


def test_a_run_is_shown_with_what_broke_first(monkeypatch, capsys, config) -> None:
    """Verdict, regression rate, slices and cases; nothing in it steers the terminal."""
    assert _run(monkeypatch, config, "show", "support", RUN[:8]) == 0
    shown = capsys.readouterr().out
    assert "FAIL against" in shown
    assert "regression rate: 2 of 3 right answers are wrong now" in shown
    assert "critical cases failed: case-0" in shown
    assert shown.index("case-0", shown.index("answer before")) < shown.index("case-3")
    assert "\x1b" not in shown


def test_a_run_is_shown_with_what_it_took(monkeypatch, capsys, config) -> None:
    """Figures of both versions, memory, and that memory was short; what is not known is no 0."""
    assert _run(monkeypatch, config, "show", "support", "last") == 0
    shown = capsys.readouterr().out
    assert "most memory at once: 2,000 MB on the host, 5,000 MB on the device (cuda:0)" in shown
    assert "memory ran out: 4 answers at once instead of 16" in shown
    table = shown[shown.index("Operation") :]
    (ours,) = [line for line in table.splitlines() if V2 in line and "0.25" in line]
    (before,) = [line for line in table.splitlines() if V1 in line and "0.25" in line]
    assert [cell.strip() for cell in ours.strip("│").split("│")][3:] == ["40", "8", "1.5"]
    assert before.rstrip(" │").endswith("–")


def test_the_last_run_is_json_for_machines(monkeypatch, capsys, config) -> None:
    """The same report as the API's."""
    assert _run(monkeypatch, config, "show", "support", "last", "--json") == 0
    assert json.loads(capsys.readouterr().out)["run"]["id"] == RUN


def test_an_unknown_run_is_one_line(monkeypatch, capsys, config) -> None:
    """It says what lists the runs."""
    assert _run(monkeypatch, config, "show", "support", "zzz") == 1
    assert "backstop golden show support" in capsys.readouterr().err


def test_a_gate_fails_on_a_version_that_is_worse(monkeypatch, config, tmp_path) -> None:
    """Status 1, and JUnit XML for who wants to know why."""
    file = tmp_path / "golden.xml"
    words = ("run", "support", "--version", "support@v2", "--gate", "--junit", str(file))
    assert _run(monkeypatch, config, *words) == 1
    assert ElementTree.parse(file).getroot().get("failures") == "1"


def test_a_gate_passes_a_good_run(monkeypatch, config) -> None:
    """Status 0 for the active version, which is well."""
    assert _run(monkeypatch, config, "run", "support", "--gate") == 0


def test_a_gate_that_cannot_ask_says_so_with_a_status_of_its_own(
    monkeypatch, capsys, config
) -> None:
    """Status 3: a version that does not exist is not known to be worse; without a gate it is 1."""
    words = ("run", "support", "--version", "support@v9")
    assert _run(monkeypatch, config, *words, "--gate") == 3
    assert "support@v9" in capsys.readouterr().err
    assert _run(monkeypatch, config, *words) == 1


def test_junit_that_cannot_be_written_is_bad_input(monkeypatch, capsys, config, tmp_path) -> None:
    """Status 2, as for any bad input."""
    words = ("run", "support", "--junit", str(tmp_path / "no" / "such.xml"))
    assert _run(monkeypatch, config, *words) == 2
    assert "cannot be written" in capsys.readouterr().err
