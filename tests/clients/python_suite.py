"""The suite for the `openai` package: each scenario returns what the client has seen, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import openai

from tests.clients.target import Target, comparable

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
Chat = Mapping[str, Any]


def turns(text: str = "The router blinks red. What shall I do?") -> list[dict[str, str]]:
    """Return a conversation."""
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


CHATS: Mapping[str, Chat] = MappingProxyType(
    {
        "whole": {},
        "max tokens": {"max_tokens": 3},
        "seed": {"seed": 7, "temperature": 1.0},
        "stop": {"stop": [" the", " red"]},
        "two choices": {"n": 2, "temperature": 1.0, "seed": 3},
        "log-probabilities": {"logprobs": True, "top_logprobs": 3},
        "tools": {"tools": TOOLS, "tool_choice": "auto"},
        "unicode": {"messages": turns('Grüße, 世界! 👩‍👩‍👧 \u2028 \u0000 \\ " naïve')},
        "an unknown field": {"extra_body": {"a_field_of_tomorrow": {"deep": [1, None]}}},
        "a bad parameter": {"temperature": 9},
        "a prompt beyond the context": {"messages": turns("invoice " * 30_000)},
    }
)
_COMMON: Chat = {"max_tokens": 8, "temperature": 0}


def whole(client: openai.OpenAI, model: str, chat: Chat) -> Any:
    """Ask for a whole chat completion."""
    return client.chat.completions.create(  # type: ignore[call-overload]
        **{"model": model, "messages": turns(), **_COMMON, **chat}
    ).model_dump()


def streamed(client: openai.OpenAI, model: str, chat: Chat) -> Any:
    """Ask for a streamed chat completion with usage."""
    stream = client.chat.completions.create(  # type: ignore[call-overload]
        **{"model": model, "messages": turns(), **_COMMON, **chat},
        stream=True,
        stream_options={"include_usage": True},
    )
    return [chunk.model_dump() for chunk in stream]


def completion(client: openai.OpenAI, model: str) -> Any:
    """Ask for a text completion with log-probabilities."""
    return client.completions.create(
        model=model, prompt="The router", max_tokens=5, temperature=0, logprobs=2
    ).model_dump()


def streamed_completion(client: openai.OpenAI, model: str) -> Any:
    """Ask for a streamed text completion."""
    stream = client.completions.create(
        model=model, prompt="The router", max_tokens=5, temperature=0, stream=True
    )
    return [chunk.model_dump() for chunk in stream]


def embedding(client: openai.OpenAI, model: str) -> Any:
    """Ask for embeddings, which are passed through."""
    texts = ["The router", "blinks red"]
    return client.embeddings.create(model=model, input=texts, encoding_format="float").model_dump()


def unknown_model(client: openai.OpenAI, model: str) -> Any:
    """Ask for a model that is not there; who says so words it."""
    try:
        whole(client, f"{model}-that-is-not-there", {})
    except openai.APIStatusError as error:
        return {"raised": type(error).__name__, "status": error.status_code}
    return "answered"


def listed(client: openai.OpenAI, model: str) -> Any:
    """List the models; which ones is the server's business."""
    models = client.models.list().data
    return {
        "has ours": model in {each.id for each in models},
        "kinds": sorted({each.object for each in models}),
    }


def left_early(client: openai.OpenAI, model: str) -> Any:
    """Leave a stream after its first event, and be answered again."""
    stream = client.chat.completions.create(  # type: ignore[call-overload]
        model=model, messages=turns(), stream=True, max_tokens=200, temperature=0
    )
    first = next(iter(stream)).model_dump()
    stream.close()
    return [first, whole(client, model, {})]


_OTHERS: Mapping[str, Callable[[openai.OpenAI, str], Any]] = MappingProxyType(
    {
        "a text completion": completion,
        "a streamed text completion": streamed_completion,
        "embeddings": embedding,
        "an unknown model": unknown_model,
        "the list of models": listed,
        "a stream left early": left_early,
    }
)

_STREAMED = ", streamed"
SCENARIOS = (*CHATS, *(name + _STREAMED for name in CHATS), *_OTHERS)


def run(target: Target, scenario: str) -> Any:
    """Return what the client sees in a scenario, without what always differs."""
    with openai.OpenAI(base_url=target.url, api_key=target.key, max_retries=0) as client:
        try:
            return comparable(_ask(client, target.model, scenario))
        except openai.APIStatusError as error:
            return comparable(_refusal(error))


def _ask(client: openai.OpenAI, model: str, scenario: str) -> Any:
    if scenario in _OTHERS:
        return _OTHERS[scenario](client, model)
    name = scenario.removesuffix(_STREAMED)
    return (whole if name == scenario else streamed)(client, model, CHATS[name])


def _refusal(error: openai.APIStatusError) -> Any:
    return {"raised": type(error).__name__, "status": error.status_code, "body": error.body}
