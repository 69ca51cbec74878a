"""Exchanges out of spans of generative AI."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from guards.exchange import Exchange, FinishReason, Message
from monitor.gateway import genai
from monitor.gateway.genai import Unusable, inference_of
from monitor.gateway.otlp import Span

NOON_NS = 1748779200 * 10**9
MODEL = "support@3f9a2c1d7b04"
ASKED, SAID = "Where is my order?", "On its way."
BASE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "support",
    "gen_ai.response.model": MODEL,
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 7,
}


def parts(role: str, text: str, **more: Any) -> dict[str, Any]:
    """Return a message as the conventions have it."""
    return {"role": role, "parts": [{"type": "text", "content": text}], **more}


CURRENT = {
    "gen_ai.input.messages": json.dumps([parts("user", ASKED)]),
    "gen_ai.output.messages": json.dumps([parts("assistant", SAID, finish_reason="stop")]),
}
STRUCTURED = {name: json.loads(value) for name, value in CURRENT.items()}
INDEXED = {
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.0.content": ASKED,
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": SAID,
    "gen_ai.completion.0.finish_reason": "stop",
}
EVENTS_127 = (
    ("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps([{"role": "user", "content": ASKED}])}),
    (
        "gen_ai.content.completion",
        {"gen_ai.completion": json.dumps([{"role": "assistant", "content": SAID}])},
    ),
)
EVENTS_128 = (
    ("gen_ai.user.message", {"content": ASKED}),
    (
        "gen_ai.choice",
        {"index": 0, "finish_reason": "stop", "message": json.dumps({"content": SAID})},
    ),
)
EVENT_137 = (("gen_ai.client.inference.operation.details", STRUCTURED),)


def span(attributes: dict[str, Any], events: Any = (), **changes: Any) -> Span:
    """Return a span of half a second."""
    facts = {"id": "aa-bb", "start_ns": NOON_NS, "end_ns": NOON_NS + 5 * 10**8}
    return Span(**{**facts, **changes}, attributes=attributes, events=tuple(events))


def exchanges(each: Span) -> list[Exchange]:
    """Return the exchanges of a span of `support`."""
    inference = inference_of(each)
    assert inference is not None
    return [logged.exchange for logged in inference.logged("support")]


@pytest.mark.parametrize(
    ("attributes", "events"),
    [
        (CURRENT, ()),
        (STRUCTURED, ()),
        (INDEXED, ()),
        ({}, EVENTS_127),
        ({}, EVENTS_128),
        ({}, EVENT_137),
    ],
    ids=["json", "structured", "indexed", "events 1.27", "events 1.28", "event 1.37"],
)
def test_every_generation_of_the_conventions_is_read(
    attributes: dict[str, Any], events: Any
) -> None:
    """They say the same in different words."""
    (exchange,) = exchanges(span({**BASE, **attributes}, events))
    assert exchange == Exchange(
        id="chatcmpl-1",
        deployment="support",
        started_at=datetime(2025, 6, 1, 12, tzinfo=UTC),
        messages=(Message(role="user", content=ASKED),),
        output=SAID,
        adapter=MODEL,
        latency_s=0.5,
        prompt_tokens=12,
        output_tokens=7,
        finish_reason=FinishReason.STOP,
        tags={"span": "aa-bb"},
    )


def test_what_is_about_something_else_is_passed_over() -> None:
    """Embeddings, tools, and spans that have nothing to do with models."""
    assert inference_of(span({"http.request.method": "GET"})) is None
    assert inference_of(span({"gen_ai.operation.name": "embeddings"})) is None
    assert inference_of(span({"gen_ai.operation.name": "execute_tool"})) is None


def test_an_answer_that_is_json_stays_the_text_it_is() -> None:
    """Only a list of typed parts is structure."""
    for text in ('{"team": "billing"}', '["a", "b"]', "[1, 2]", "7"):
        (exchange,) = exchanges(span({**BASE, **INDEXED, "gen_ai.completion.0.content": text}))
        assert exchange.output == text


def test_instructions_tools_and_reasoning_are_read() -> None:
    """Instructions come first; calls and their results are text; reasoning is no answer."""
    call = {"type": "tool_call", "id": "c", "name": "find", "arguments": {"order": 7}}
    result = {"type": "tool_call_response", "id": "c", "response": "shipped"}
    thought = {"type": "reasoning", "content": "Hm."}
    said = {"role": "assistant", "parts": [thought, call], "finish_reason": "tool_call"}
    (exchange,) = exchanges(
        span(
            {
                **BASE,
                "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be kind."}]),
                "gen_ai.input.messages": json.dumps([{"role": "tool", "parts": [result]}]),
                "gen_ai.output.messages": json.dumps([said]),
            }
        )
    )
    assert exchange.messages == (
        Message(role="system", content="Be kind."),
        Message(role="tool", content="shipped"),
    )
    assert exchange.output == '{"tool":"find","arguments":{"order":7}}'
    assert exchange.finish_reason is FinishReason.STOP


def test_indexed_calls_of_tools_are_read() -> None:
    """OpenLLMetry numbers them too."""
    attributes = {
        **BASE,
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.tool_calls.0.id": "c",
        "gen_ai.completion.0.tool_calls.0.name": "find",
        "gen_ai.completion.0.tool_calls.0.arguments": '{"order": 7}',
    }
    assert exchanges(span(attributes))[0].output == '{"tool":"find","arguments":{"order": 7}}'


def test_each_choice_is_an_exchange() -> None:
    """What was counted for all of them is not its own."""
    said = [
        parts("assistant", "a", finish_reason="stop"),
        parts("assistant", "b", finish_reason="length"),
    ]
    found = exchanges(span({**BASE, "gen_ai.output.messages": said}))
    assert [each.id for each in found] == ["chatcmpl-1", "chatcmpl-1#1"]
    assert [each.output_tokens for each in found] == [None, None]
    assert found[1].finish_reason is FinishReason.LENGTH


@pytest.mark.parametrize(
    ("changes", "resource", "expected"),
    [
        ({"gen_ai.response.model": "gpt-4-0613"}, {}, None),
        ({genai.ADAPTER: "support-v7"}, {}, "support-v7"),
        ({}, {genai.ADAPTER: "support-v8"}, "support-v8"),
    ],
)
def test_the_version_is_named_in_our_words_or_as_one(
    changes: dict[str, Any], resource: dict[str, Any], expected: str | None
) -> None:
    """A model's name that is no version says nothing about the adapter."""
    (exchange,) = exchanges(span({**BASE, **CURRENT, **changes}, resource=resource))
    assert exchange.adapter == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("500", FinishReason.ERROR),
        ("503", FinishReason.INCOMPLETE),
        ("timeout", FinishReason.INCOMPLETE),
        ("openai.APIConnectionError", FinishReason.INCOMPLETE),
    ],
)
def test_only_a_status_of_the_engine_makes_a_failure_a_fault(
    kind: str, expected: FinishReason
) -> None:
    """Of an exception on the caller's side nobody knows whose fault it is."""
    (exchange,) = exchanges(span({**BASE, "error.type": kind}, failed=True, said="it broke"))
    assert (exchange.finish_reason, exchange.error, exchange.output) == (expected, "it broke", "")


def test_a_callers_limit_may_have_ended_the_answer() -> None:
    """The span says what was asked."""
    cut = {**BASE, **INDEXED, "gen_ai.completion.0.finish_reason": "length"}
    assert not exchanges(span(cut))[0].ended_by_caller
    assert exchanges(span({**cut, "gen_ai.request.max_tokens": 5}))[0].ended_by_caller


@pytest.mark.parametrize(
    ("attributes", "changes", "complaint"),
    [
        ({}, {}, "let your instrumentation capture message content"),
        (CURRENT, {"start_ns": 0}, "when it started"),
        (CURRENT, {"start_ns": 2**70}, "when it started"),
        ({**CURRENT, genai.ADAPTER: "a\nb"}, {}, "cannot be a name"),
    ],
)
def test_what_cannot_be_used_says_why(
    attributes: dict[str, Any], changes: dict[str, Any], complaint: str
) -> None:
    """So that whoever sent it can do something about it."""
    with pytest.raises(Unusable, match=complaint):
        exchanges(span({**BASE, **attributes}, **changes))


@pytest.mark.parametrize(
    "value", [7, None, "", "{", [1], {"a": 1}, "[[[", [{"parts": 7}], [{"parts": [7]}]]
)
@pytest.mark.parametrize("name", ["gen_ai.input.messages", "gen_ai.output.messages"])
def test_attributes_of_any_type_are_borne(name: str, value: Any) -> None:
    """Instrumentations err."""
    found = exchanges(span({**BASE, **CURRENT, name: value, "error.type": "x"}))
    assert all(isinstance(each.output, str) for each in found)
