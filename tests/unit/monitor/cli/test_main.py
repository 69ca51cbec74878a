"""The command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from guards.golden_formats import formats
from monitor.cli import main, output


def commands() -> Iterator[tuple[str, ...]]:
    """Yield the words of every command."""
    top = get_command(main.app)
    assert isinstance(top, TyperGroup)
    for name, command in top.commands.items():
        if isinstance(command, TyperGroup):
            for below in command.commands:
                yield name, below
        else:
            yield (name,)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run a command as the installed script does; return its exit status."""
    monkeypatch.setattr(sys, "argv", ["backstop", *words])
    with pytest.raises(SystemExit) as ended:
        main.run()
    code = ended.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration of a service that does not run."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "operator.token").write_text("bs-operator-x")
    path = tmp_path / "backstop.yaml"
    path.write_text(
        "data_dir: data\nengine: {model: model}\ndeployments: {support: {}}\nlisten: {port: 1}"
    )
    return path


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_shows_an_example(words: tuple[str, ...]) -> None:
    """`--help` says what the command does and how it is typed."""
    shown = CliRunner().invoke(main.app, [*words, "--help"])
    assert shown.exit_code == 0
    assert f"Example: backstop {' '.join(words)}" in " ".join(shown.output.split())


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_speaks_to_machines(words: tuple[str, ...]) -> None:
    """`--json` is everywhere but where there is nothing to read."""
    has_json = "--json" in CliRunner().invoke(main.app, [*words, "--help"]).output
    assert has_json is (words != ("serve",))


def test_bad_input_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Also when the sentence is longer than a terminal is wide."""
    missing = tmp_path / ("long" * 30) / "backstop.yaml"
    assert run(monkeypatch, "check", "--config", str(missing)) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {missing}: no such file")
    assert said.count("\n") == 1


def test_a_service_that_does_not_run_is_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    """The sentence says where it was looked for and how to start one."""
    assert run(monkeypatch, "adapters", "list", "--config", str(file)) == 1
    said = capsys.readouterr().err
    assert "no service answers at http://127.0.0.1:1; start one with `backstop serve`" in said


def test_a_missing_token_says_who_makes_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    """The service does, when it first starts."""
    (file.parent / "data" / "operator.token").unlink()
    assert run(monkeypatch, "adapters", "list", "--config", str(file)) == 2
    assert "the service makes it when it first starts" in capsys.readouterr().err


def test_a_golden_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    """Before the service is asked."""
    words = ("golden", "import", "support", "nowhere.jsonl", "--config", str(file))
    assert run(monkeypatch, *words) == 2
    assert "nowhere.jsonl: cannot be read" in capsys.readouterr().err


def test_check_prints_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    """One document that a machine can read."""
    assert run(monkeypatch, "check", "--config", str(file), "--json") == 0
    assert json.loads(capsys.readouterr().out)["deployments"] == 1


def test_check_finds_a_bad_schedule(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    """What `serve` would refuse, `check` refuses."""
    file.write_text(file.read_text() + "\nschedule: {golden: often}")
    assert run(monkeypatch, "check", "--config", str(file)) == 2
    assert "schedule.golden: 'often' is no cron expression" in capsys.readouterr().err


def test_a_question_without_its_words_is_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promotion needs a version and a reason."""
    assert run(monkeypatch, "adapters", "promote", "support@v1") == 2


def test_markup_in_data_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A label cannot colour or hide a sentence."""
    output.complain("support@[red]v1[/red] is not known")
    assert "[red]v1[/red]" in capsys.readouterr().err


def test_a_golden_file_can_be_read_without_a_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`--dry-run` says how many cases there are, and changes nothing."""
    path = tmp_path / "evals.jsonl"
    path.write_text('{"input": "東京?", "ideal": "はい"}\n', encoding="utf-8")
    words = ["golden", "import", "support", str(path), "--dry-run", "--json"]
    assert run(monkeypatch, *words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"deployment": "support", "imported": False, "cases": 1}


def test_a_golden_file_that_loses_something_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With file, line and field."""
    path = tmp_path / "evals.jsonl"
    path.write_text('{"input": "a", "ideal": "b", "metadata": 1}\n', encoding="utf-8")
    assert run(monkeypatch, "golden", "import", "support", str(path), "--dry-run") == 2
    said = capsys.readouterr().err
    assert f"{path}: nothing was imported: line 1: the field 'metadata'" in said


def test_the_help_names_every_format() -> None:
    """As the readers have them."""
    shown = " ".join(
        CliRunner()
        .invoke(main.app, ["golden", "import", "--help"])
        .output.replace("│", " ")
        .split()
    )
    for name in formats.FORMATS:
        assert name in shown
