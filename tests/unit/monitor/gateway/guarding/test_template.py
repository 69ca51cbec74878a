"""Events that are read and written without a parser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.gateway.guarding.template import Template, learned


def event(text: str, **more: Any) -> dict[str, Any]:
    """Return an event of a chat."""
    return {"id": "a-1", "choices": [{"index": 0, "delta": {"content": text}, **more}]}


def out(text: str) -> dict[str, Any]:
    """Return what goes on of it."""
    choice = {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
    return {"id": "a-1", "choices": [choice]}


def of(data: bytes, source: dict[str, Any] | None = None) -> Template | None:
    """Return what is learned of an event."""
    read = source or json.loads(data)
    said = read["choices"][0]["delta"]["content"]
    return learned(data, read, out(said))


@given(st.text(min_size=1), st.text())
def test_a_text_is_read_as_a_parser_reads_it_or_not_at_all(first: str, other: str) -> None:
    """And what goes on parses to the event with that text."""
    template = of(_bytes(event(first)))
    text = None if template is None else template.text_in(_bytes(event(other)))
    assert text in (None, other)
    if template is not None:
        again = template.event(other).removeprefix(b"data: ").removesuffix(b"\n\n")
        assert json.loads(again) == out(other)


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def test_the_usual_event_is_known_by_the_one_before_it() -> None:
    """Plain words, in any script, cost no parser."""
    template = of(_bytes(event("Hello")))
    assert template is not None
    assert template.text_in(_bytes(event(" there"))) == " there"
    assert template.text_in(_bytes(event("の商品"))) == "の商品"


@pytest.mark.parametrize(
    "data",
    [
        b'{"id":"a","choices":[{"index":0,"delta":{"content":"\\u0061"}}]}',
        b'{"id":"a","choices":[{"index":0,"delta":{"content":"\\u0061","x":"a"}}]}',
        _bytes(event("a", logprobs={"content": []})),
    ],
    ids=["written otherwise", "the same words elsewhere", "log-probabilities"],
)
def test_what_could_be_mistaken_is_no_template(data: bytes) -> None:
    """The place of the text must be sure."""
    assert of(data) is None


@pytest.mark.parametrize(
    "changed",
    [
        _bytes(event("Hi", finish_reason="stop")),
        _bytes(event('say "hi"')),
        _bytes(event("a\nb")),
        _bytes({**event("Hi"), "id": "b-2"}),
        _bytes(event("Hi")).replace(b"Hi", b"\xff"),
        _bytes(event("Hi")).replace(b'"Hi"', b'"Hi","content":"you"'),
    ],
    ids=["reason", "quotes", "line end", "id", "no text", "twice"],
)
def test_any_other_event_is_left_to_the_parser(changed: bytes) -> None:
    """It is none of this kind."""
    template = of(_bytes(event("Hello")))
    assert template is not None
    assert template.text_in(changed) is None
