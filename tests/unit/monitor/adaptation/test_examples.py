"""Tests of reading training examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from guards.exchange import Message
from monitor.adaptation.examples import TrainingExample, read_examples
from monitor.errors import BadRequest

CHAT = '{"messages": [{"role": "user", "content": "hi"}], "completion": "hello"}'


def test_chat_examples_and_raw_prompts_are_read(tmp_path: Path) -> None:
    """Both forms of a line are read, and blank lines are left out."""
    file = tmp_path / "rows.jsonl"
    file.write_text(CHAT + '\n\n{"prompt": "1 2", "completion": " 3"}\n', encoding="utf-8")
    chat, raw = read_examples(file)
    assert chat.messages == (Message(role="user", content="hi"),)
    assert raw == TrainingExample(
        messages=(Message(role="prompt", content="1 2"),), completion=" 3"
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"messages": [', "not JSON"),
        ("[1]", "text `completion`"),
        ('{"prompt": "x"}', "text `completion`"),
        ('{"prompt": "x", "completion": ""}', "completion is empty"),
        ('{"completion": "x"}', "`messages`"),
        ('{"messages": [], "completion": "x"}', "`messages`"),
        ('{"messages": [{"role": "user"}], "completion": "x"}', "`messages`"),
    ],
)
def test_a_malformed_line_is_named_by_its_number(tmp_path: Path, line: str, complaint: str) -> None:
    """The message names the file, the line and what is wrong."""
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{CHAT}\n{line}\n", encoding="utf-8")
    with pytest.raises(BadRequest, match=rf"rows\.jsonl, line 2: .*{complaint}"):
        read_examples(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The message names the file that is not there."""
    with pytest.raises(BadRequest, match=r"none\.jsonl: cannot read"):
        read_examples(tmp_path / "none.jsonl")
