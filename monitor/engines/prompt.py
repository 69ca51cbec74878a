"""From messages to the tokens of a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError

from guards.exchange import Message
from monitor.errors import BadRequest

RAW_ROLE = "prompt"

# More characters than any tokenizer packs into a token of ordinary text: what is longer is refused
# before it is encoded, since the engine's thread would be busy with it for seconds.
_CHARACTERS_PER_TOKEN = 64


def encode(
    tokenizer: Any,
    messages: Sequence[Message],
    limit: int,
    tools: Sequence[Mapping[str, Any]] = (),
) -> list[int]:
    """Return the prompt's token ids.

    A single message of role `prompt` is raw text. Everything else goes through the tokenizer's
    chat template, or through `plain_transcript` where the model has none.

    Raises:
        BadRequest: the template refuses the messages or leaves tools out, or prompt and one token
            exceed `limit`.
    """
    _refuse_endless(messages, limit)
    if tools and not tokenizer.chat_template:
        raise BadRequest("this model has no chat template, so it cannot be told of tools")
    if len(messages) == 1 and messages[0].role == RAW_ROLE:
        ids: list[int] = tokenizer.encode(messages[0].content)
    elif tokenizer.chat_template:
        ids = tokenizer.encode(_templated(tokenizer, messages, tools), add_special_tokens=False)
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


def encode_with(
    tokenizer: Any, messages: Sequence[Message], continuation: str, limit: int
) -> tuple[list[int], int]:
    """Return the token ids of a prompt with a given continuation, and how many are the latter's.

    The continuation is encoded by itself. Raises `BadRequest`, also if it has no token.
    """
    ids = encode(tokenizer, messages, limit)
    added: list[int] = tokenizer.encode(continuation, add_special_tokens=False)
    if not added:
        raise BadRequest("the continuation is empty; give at least one character")
    if len(ids) + len(added) > limit:
        raise BadRequest(
            f"prompt and continuation have {len(ids) + len(added)} tokens and this model takes at "
            f"most {limit}; shorten them"
        )
    return [*ids, *added], len(added)


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


def _templated(
    tokenizer: Any, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]
) -> str:
    turns = [{"role": _template_role(m.role), "content": m.content} for m in messages]
    try:
        text: str = tokenizer.apply_chat_template(
            turns, tools=list(tools) or None, tokenize=False, add_generation_prompt=True
        )
    except TemplateError as error:
        raise BadRequest(f"the model's chat template refuses these messages: {error}") from error
    left_out = [name for tool in tools if (name := tool["function"]["name"]) not in text]
    if left_out:
        raise BadRequest(f"the model's chat template leaves out the tool {left_out[0]!r}")
    return text


def _template_role(role: str) -> str:
    """Return the role as templates know it: `developer` is OpenAI's newer word for `system`."""
    return "system" if role == "developer" else role
