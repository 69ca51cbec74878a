"""Tests of the tokenizer that pretraining makes."""

from __future__ import annotations

import pytest

from monitor.adaptation.tokenizer import train_tokenizer


@pytest.mark.parametrize("text", ["A-48213 is late!", "naïve 日本\n\tx", '{"order": null}', ""])
def test_any_text_survives_encoding(text: str) -> None:
    """Bytes that were never seen in training are encoded and decoded without loss."""
    tokenizer = train_tokenizer(["the order is late"] * 3, vocabulary=300, context=64)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_digits_are_single_tokens() -> None:
    """A number is never one token, however often it was seen, so that it can be copied."""
    tokenizer = train_tokenizer(["A-48213"] * 50, vocabulary=400, context=64)
    assert tokenizer.tokenize("A-48213") == ["A", "-", "4", "8", "2", "1", "3"]


def test_json_between_words_is_one_token() -> None:
    """Brackets, quotes, colons and commas that meet in JSON do not cost a token each."""
    text = '{"team": "billing", "order": null}'
    tokenizer = train_tokenizer([text] * 50, vocabulary=400, context=64)
    spoken = [tokenizer.decode(token) for token in tokenizer.encode(text)]
    assert spoken == ['{"', "team", '": "', "billing", '", "', "order", '":', " null", "}"]
