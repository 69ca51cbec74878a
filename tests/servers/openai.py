"""Answers in OpenAI's form, as vLLM, SGLang and llama.cpp write them: streamed, one word a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.servers.answers import LONGEST_PROMPT, Word, written

NOTHING: Sequence[object] = (
    {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}]},
    b"[DONE]",
)  # a chat's answer without a word


def prompt_of(body: Mapping[str, Any]) -> str:
    """Return the text that an answer depends on."""
    if "prompt" in body:
        return str(body["prompt"])
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in body["messages"])


def too_long(body: Mapping[str, Any]) -> bool:
    """Tell whether the prompt exceeds the context."""
    return len(prompt_of(body).split()) > LONGEST_PROMPT


def frames(
    body: Mapping[str, Any], adapter: str | None, *, ids: str = "token_ids", detailed: bool = False
) -> list[object]:
    """Return the frames of an answer, the last one counts.

    Args:
        ids: where token ids are: `token_ids` of a choice, `id` of a log-probability, or nowhere.
        detailed: whether texts have their log-probabilities in the form of chat answers.
    """
    words, reason = written(adapter, prompt_of(body), int(body["max_tokens"]))
    chat = "messages" in body
    frames: list[object] = []
    if chat:
        frames.append({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
    for word in words:
        last = word is words[-1]
        frames.append({"choices": [_choice(word, reason if last else None, chat, ids, detailed)]})
    count = len(prompt_of(body).split())
    usage = {"prompt_tokens": count, "completion_tokens": len(words)}
    return [*frames, {"choices": [], "usage": usage}, b"[DONE]"]


def bare(frame: object) -> object:
    """Take ids and log-probabilities out of a frame."""
    if not isinstance(frame, dict):
        return frame
    unsent = ("logprobs", "token_ids")
    choices = [
        {key: value for key, value in choice.items() if key not in unsent}
        for choice in frame["choices"]
    ]
    return {**frame, "choices": choices}


def _choice(word: Word, reason: str | None, chat: bool, ids: str, detailed: bool) -> dict[str, Any]:
    part = {"delta": {"content": word.text}} if chat else {"text": word.text}
    logprobs = _detailed(word, ids) if chat or detailed else _columns([word])
    own = {"token_ids": [word.id]} if ids == "token_ids" else {}
    return {"index": 0, **part, "logprobs": logprobs, "finish_reason": reason, **own}


def _detailed(word: Word, ids: str) -> dict[str, Any]:
    item: dict[str, Any] = {"token": word.text, "logprob": word.logprob}
    if ids == "id":
        item["id"] = word.id
    return {"content": [{**item, "top_logprobs": [dict(item)]}]}


def _columns(words: Sequence[Word]) -> dict[str, Any]:
    return {
        "text_offset": [0 for _ in words],
        "tokens": [word.text for word in words],
        "token_logprobs": [word.logprob for word in words],
        "top_logprobs": [{word.text: word.logprob} for word in words],
    }
