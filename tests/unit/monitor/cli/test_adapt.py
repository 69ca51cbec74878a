"""Tests of `backstop adapt` without a service."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.demo import task
from monitor.demo.cast import MODEL

pytestmark = pytest.mark.slow


def _run(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["backstop", "adapt", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """A file of thirty of the demo's examples."""
    file = tmp_path / "tickets.jsonl"
    file.write_text(task.as_json_lines(task.good_examples(30)))
    return file


def test_a_file_becomes_a_folder_with_golden_cases(monkeypatch, capsys, tmp_path, tickets) -> None:
    """A fifth is kept back, the facts are printed, and the folder is complete."""
    out = tmp_path / "v1"
    words = ("--base", MODEL, "--out", out, "--epochs", "1", "--rank", "2", "--json")
    assert _run(monkeypatch, tickets, *words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["folder"], told["golden_cases"], told["file_examples"]) == (str(out), 6, 30)
    assert told["examples"] == {"training": 22, "held_out": 2}
    assert {file.name for file in out.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "golden.jsonl",
        "training.json",
    }
    kept = (out / "golden.jsonl").read_text().splitlines()
    asked = {
        json.loads(line)["messages"][0]["content"] for line in tickets.read_text().splitlines()
    }
    assert {json.loads(line)["messages"][0]["content"] for line in kept} < asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "dora", "--deployment", "support"), "dora for generation cannot be served"),
        (("--method", "lorra", "--out", "x"), "'lorra' is not a valid Method; methods are lora"),
        (("--device", "gpu", "--out", "x"), "'gpu' is no device; say auto, cpu or cuda"),
        ((), "say where the adapter goes"),
    ],
)
def test_what_will_not_work_is_one_sentence(monkeypatch, capsys, tickets, words, said) -> None:
    """Nothing is trained, and the exit status is that of bad input."""
    assert _run(monkeypatch, tickets, "--base", MODEL, *words) == 2
    assert said in capsys.readouterr().err


def test_a_leaked_golden_case_is_refused(monkeypatch, capsys, tmp_path, tickets) -> None:
    """A golden set that holds one of the examples is named by the number of cases."""
    first = json.loads(tickets.read_text().splitlines()[0])
    golden = tmp_path / "golden.jsonl"
    golden.write_text(
        json.dumps({"id": "a", "messages": first["messages"], "expect": first["completion"]})
    )
    words = ("--base", MODEL, "--out", tmp_path / "v1", "--golden", golden)
    assert _run(monkeypatch, tickets, *words) == 2
    assert "1 of 1 golden cases are among the training examples" in capsys.readouterr().err


def test_three_examples_are_too_few(monkeypatch, capsys, tmp_path) -> None:
    """The message says how many are needed."""
    file = tmp_path / "few.jsonl"
    file.write_text(task.as_json_lines(task.good_examples(3)))
    assert _run(monkeypatch, file, "--base", MODEL, "--out", tmp_path / "v1") == 2
    assert "3 training examples are too few; give at least 5" in capsys.readouterr().err


def test_a_misspelt_field_is_named(monkeypatch, capsys, tmp_path) -> None:
    """The line's number and the name that was meant are in the message."""
    file = tmp_path / "odd.jsonl"
    file.write_text('{"prompt": "a", "completions": "b"}\n')
    assert _run(monkeypatch, file, "--base", MODEL, "--out", tmp_path / "v1") == 2
    said = capsys.readouterr().err
    assert "line 1" in said
    assert "rename 'completions' to 'completion'" in said
