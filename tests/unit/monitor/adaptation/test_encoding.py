"""Tests of encoding examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from guards.exchange import Message
from monitor.adaptation import encoding
from monitor.adaptation.encoding import IGNORED, Encoded
from monitor.adaptation.examples import TrainingExample
from monitor.errors import BadRequest

EXAMPLE = TrainingExample(messages=(Message(role="user", content="say ab"),), completion="ab cd")


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    return AutoTokenizer.from_pretrained(base)


def test_the_answer_follows_the_chat_template_and_ends(tokenizer: Any) -> None:
    """Decoded ids are the template's text, the answer, and the end-of-text token."""
    row = encoding.encode(EXAMPLE, tokenizer, limit=64)
    assert tokenizer.decode(row.ids) == "<|user|>say ab<|end|><|assistant|>ab cd<|end|>"
    assert tokenizer.decode(row.ids[row.prompt_length :]) == "ab cd<|end|>"


def test_a_raw_prompt_gets_no_template(tokenizer: Any) -> None:
    """A single message of role `prompt` is encoded as it is."""
    raw = TrainingExample(messages=(Message(role="prompt", content="say ab"),), completion="x")
    assert tokenizer.decode(encoding.encode(raw, tokenizer, limit=64).ids) == "say abx<|end|>"


def test_an_example_longer_than_the_context_is_refused(tokenizer: Any) -> None:
    """The message says how long it is and how it begins."""
    with pytest.raises(BadRequest, match="the model takes 4; shorten it: 'say ab'"):
        encoding.encode(EXAMPLE, tokenizer, limit=4)


def test_only_the_answers_tokens_have_labels() -> None:
    """Prompt and padding are ignored by the loss; padding is masked."""
    rows = [Encoded(ids=(5, 6, 7), prompt_length=2), Encoded(ids=(8, 9), prompt_length=1)]
    batch = encoding.collate(rows, pad=0)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["labels"].tolist() == [[IGNORED, IGNORED, 7], [IGNORED, 9, IGNORED]]
