"""Requests in OpenAI's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from guards.exchange import Message
from monitor.gateway.refusal import Refusal
from monitor.gateway.request import DEFAULT_MAX_TOKENS, parse_chat, parse_object, parse_text

HELLO = [{"role": "user", "content": "hello"}]


def chat(**fields: Any) -> dict[str, Any]:
    """Return a chat request."""
    return {"model": "support", "messages": HELLO, **fields}


def test_a_bare_chat_request_gets_openais_defaults() -> None:
    """Temperature and top_p are 1, nothing is streamed, unknown fields are ignored."""
    asked = parse_chat(chat(some_new_field={"x": 1}))
    assert asked.model == "support"
    assert asked.generation.messages == (Message(role="user", content="hello"),)
    assert (asked.generation.temperature, asked.generation.top_p) == (1.0, 1.0)
    assert asked.generation.max_tokens == DEFAULT_MAX_TOKENS
    assert not asked.stream
    assert not asked.logprobs
    assert not asked.has_limit


def test_every_field_is_read() -> None:
    """What a caller sets reaches the engine."""
    asked = parse_chat(
        chat(
            max_completion_tokens=7,
            temperature=0,
            top_p=0.5,
            seed=3,
            stop="END",
            logprobs=True,
            top_logprobs=2,
            stream=True,
            stream_options={"include_usage": True},
            n=1,
        )
    )
    generation = asked.generation
    assert (generation.max_tokens, generation.temperature, generation.top_p) == (7, 0.0, 0.5)
    assert (generation.seed, generation.stop, generation.logprobs) == (3, ("END",), 2)
    assert asked.stream
    assert asked.include_usage


def test_text_parts_are_joined() -> None:
    """Content as a list of text parts is one text; no content is an empty one."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    turns = [{"role": "user", "content": parts}, {"role": "assistant", "content": None}]
    asked = parse_chat(chat(messages=turns))
    assert [message.content for message in asked.generation.messages] == ["ab", ""]


def test_a_text_completion_is_one_raw_prompt() -> None:
    """The prompt becomes a message of role `prompt`; a list of one prompt is one prompt."""
    for prompt in ("hello", ["hello"]):
        asked = parse_text({"model": "m", "prompt": prompt, "logprobs": 0})
        assert asked.generation.messages == (Message(role="prompt", content="hello"),)
        assert asked.logprobs


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"model": None}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "robot", "content": ""}]}, "messages[0]"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content",
        ),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages[0].content"),
        ({"n": 2}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"stop": ""}, "stop"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"seed": 2**63}, "seed"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], name: str) -> None:
    """The refusal says which field it is about."""
    with pytest.raises(Refusal) as refused:
        parse_chat(chat(**fields))
    assert refused.value.param == name
    assert refused.value.status.code == 400


@pytest.mark.parametrize("fields", [{"echo": True}, {"prompt": [1, 2]}, {"prompt": ["a", "b"]}])
def test_what_text_completions_cannot_do_is_said(fields: dict[str, Any]) -> None:
    """Nothing that would change the answer is ignored silently."""
    with pytest.raises(Refusal):
        parse_text({"model": "m", "prompt": "hi", **fields})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    """Broken, deeply nested and non-object JSON is a refusal, not a crash."""
    with pytest.raises(Refusal):
        parse_object(body)
