"""From messages to the tokens of a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from guards.exchange import Message
from monitor.errors import BadRequest

RAW_ROLE = "prompt"

# More characters than any tokenizer packs into a token of ordinary text: what is longer is refused
# before it is encoded, since the engine's thread would be busy with it for seconds.
_CHARACTERS_PER_TOKEN = 64


def encode(tokenizer: Any, messages: Sequence[Message], limit: int) -> list[int]:
    """Return the prompt's token ids.

    A single message of role `prompt` is raw text. Everything else goes through the tokenizer's
    chat template, or through `plain_transcript` where the model has none.

    Raises:
        BadRequest: the template refuses the messages, or prompt and one token exceed `limit`.
    """
    _refuse_endless(messages, limit)
    if len(messages) == 1 and messages[0].role == RAW_ROLE:
        ids: list[int] = tokenizer.encode(messages[0].content)
    elif tokenizer.chat_template:
        ids = tokenizer.encode(_templated(tokenizer, messages), add_special_tokens=False)
    else:
        ids = tokenizer.encode(plain_transcript(messages))
    if not ids:
        raise BadRequest("the prompt is empty; send at least one character")
    if len(ids) >= limit:
        raise BadRequest(
            f"the prompt has {len(ids)} tokens and this model takes at most {limit - 1} "
            f"(its context of {limit} must also hold the answer); shorten the prompt"
        )
    return ids


def plain_transcript(messages: Sequence[Message]) -> str:
    """Write a conversation for a model without a chat template.

    >>> plain_transcript([Message(role="user", content="Hello")])
    'user: Hello\\nassistant:'
    """
    turns = [f"{message.role}: {message.content}\n" for message in messages]
    return "".join(turns) + "assistant:"


def _refuse_endless(messages: Sequence[Message], limit: int) -> None:
    characters = sum(len(message.content) for message in messages)
    if characters > limit * _CHARACTERS_PER_TOKEN:
        raise BadRequest(
            f"the prompt has {characters} characters and this model takes at most {limit - 1} "
            "tokens; shorten the prompt"
        )


def _templated(tokenizer: Any, messages: Sequence[Message]) -> str:
    turns = [{"role": _template_role(m.role), "content": m.content} for m in messages]
    try:
        text: str = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    except TemplateError as error:
        raise BadRequest(f"the model's chat template refuses these messages: {error}") from error
    return text


def _template_role(role: str) -> str:
    """Return the role as templates know it: `developer` is OpenAI's newer word for `system`."""
    return "system" if role == "developer" else role
