"""From messages to tokens."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from guards.exchange import Message
from monitor.engines import prompt
from monitor.errors import BadRequest

TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
    "{{ m.role }} {{ m.content }} {% endfor %}{% if add_generation_prompt %}assistant{% endif %}"
)
WORDS = ["[UNK]", "system", "user", "assistant", "hello", "world", ":"]


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of a few whole words."""
    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]")


def read(tokenizer: PreTrainedTokenizerFast, *turns: tuple[str, str], limit: int = 100) -> str:
    """Return the prompt's tokens as words."""
    messages = [Message(role=role, content=content) for role, content in turns]
    return " ".join(WORDS[i] for i in prompt.encode(tokenizer, messages, limit))


def test_a_raw_prompt_is_taken_as_it_is(tokenizer: PreTrainedTokenizerFast) -> None:
    """Role `prompt` goes around the chat template."""
    tokenizer.chat_template = TEMPLATE
    assert read(tokenizer, ("prompt", "hello world")) == "hello world"


def test_the_chat_template_is_used(tokenizer: PreTrainedTokenizerFast) -> None:
    """Messages go through the template, `developer` under its older name."""
    tokenizer.chat_template = TEMPLATE
    read_as = read(tokenizer, ("developer", "hello"), ("user", "world"))
    assert read_as == "system hello user world assistant"


def test_without_a_template_there_is_a_transcript(tokenizer: PreTrainedTokenizerFast) -> None:
    """Role, colon, text, and the assistant's turn."""
    assert read(tokenizer, ("user", "hello")) == "user : hello assistant :"


def test_a_template_may_refuse(tokenizer: PreTrainedTokenizerFast) -> None:
    """The template's own words reach the caller."""
    tokenizer.chat_template = TEMPLATE
    with pytest.raises(BadRequest, match="no tools"):
        read(tokenizer, ("tool", "hello"))


def test_a_prompt_must_leave_room_for_a_token(tokenizer: PreTrainedTokenizerFast) -> None:
    """As many tokens as the context holds is one too many; the refusal names both numbers."""
    assert read(tokenizer, ("prompt", "hello world"), limit=3)
    with pytest.raises(BadRequest, match="has 2 tokens and this model takes at most 1"):
        read(tokenizer, ("prompt", "hello world"), limit=2)


def test_an_empty_prompt_is_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    """There is nothing to go on from."""
    with pytest.raises(BadRequest, match="empty"):
        read(tokenizer, ("prompt", ""))


def test_an_endless_prompt_is_refused_before_it_is_encoded() -> None:
    """Not even the tokenizer is asked, which would keep the engine's thread busy."""
    with pytest.raises(BadRequest, match="1000000 characters"):
        prompt.encode(None, [Message(role="prompt", content="x" * 1_000_000)], 100)


TOOL = {"type": "function", "function": {"name": "hello", "description": "Greets."}}


def test_tools_go_through_the_chat_template(tokenizer: PreTrainedTokenizerFast) -> None:
    """Where the template has a place for them."""
    place = "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}"
    tokenizer.chat_template = place + TEMPLATE
    messages = [Message(role="user", content="world")]
    told = prompt.encode(tokenizer, messages, 100, [TOOL])
    assert [WORDS[each] for each in told] == ["hello", "user", "world", "assistant"]


@pytest.mark.parametrize(
    ("template", "says"), [(TEMPLATE, "leaves out the tool 'hello'"), (None, "no chat template")]
)
def test_tools_that_the_model_would_not_be_told_of_are_refused(
    tokenizer: PreTrainedTokenizerFast, template: str | None, says: str
) -> None:
    """An answer without them would be graded as if the model had known better."""
    tokenizer.chat_template = template
    with pytest.raises(BadRequest, match=says):
        prompt.encode(tokenizer, [Message(role="user", content="world")], 100, [TOOL])


def test_a_continuation_is_encoded_by_itself(tokenizer: PreTrainedTokenizerFast) -> None:
    """It comes behind the prompt, and its tokens are counted."""
    tokenizer.chat_template = TEMPLATE
    messages = [Message(role="user", content="hello")]
    told, count = prompt.encode_with(tokenizer, messages, "hello world", 100)
    assert [WORDS[each] for each in told] == ["user", "hello", "assistant", "hello", "world"]
    assert count == 2
