"""From token ids to text."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

from monitor.engines.text import TextStream, TokenTexts


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of single bytes."""
    alphabet = sorted(ByteLevel.alphabet())
    vocabulary = {"</s>": 0, **{symbol: i + 1 for i, symbol in enumerate(alphabet)}}
    bytewise = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bytewise.pre_tokenizer = ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=bytewise, eos_token="</s>")


def test_characters_come_out_whole(tokenizer: PreTrainedTokenizerFast) -> None:
    """A character of three bytes comes with its last byte, not before."""
    stream = TextStream(tokenizer)
    parts = [stream.push(i) for i in tokenizer.encode("aあb")]
    assert parts == ["a", "", "", "あ", "b"]


def test_an_unfinished_character_shows_at_the_end(tokenizer: PreTrainedTokenizerFast) -> None:
    """What the model left half-written is shown as the replacement character."""
    stream = TextStream(tokenizer)
    text = "".join(stream.push(i) for i in tokenizer.encode("xあ")[:-1])
    assert text == "x"
    assert stream.flush() == "\ufffd"
    assert stream.flush() == ""


def test_special_tokens_have_no_text(tokenizer: PreTrainedTokenizerFast) -> None:
    """A special token in the middle adds nothing."""
    stream = TextStream(tokenizer)
    assert [stream.push(i) for i in [*tokenizer.encode("a"), 0, *tokenizer.encode("b")]] == [
        "a",
        "",
        "b",
    ]


def test_single_tokens_keep_the_space_in_front(tokenizer: PreTrainedTokenizerFast) -> None:
    """A token's own text is what it adds behind others."""
    texts = TokenTexts(tokenizer)
    (space,) = tokenizer.encode(" ")
    assert texts.of(space) == " "
    assert texts.of(0) == ""
