"""A whole answer under guards: as it was if they clear it, else without what they object to."""

from __future__ import annotations

from typing import Any

from monitor.gateway.guarding import frames
from monitor.gateway.guarding.choice import GuardedChoice, Unreadable
from monitor.gateway.guarding.request import EXTENSION, REASON, GuardedRequest, told

Json = dict[str, Any]


async def guarded_body(body: bytes, request: GuardedRequest, *, logprobs: bool) -> bytes:
    """Return the body that the caller gets; one that cannot be read is blocked.

    A blocked choice is empty and ends for `content_filter`; the others stay.
    """
    try:
        answer = frames.read(body)
        given = frames.choices_of(answer)
        if not given:
            raise Unreadable("the engine's answer has no choices")
        if len({index for index, _ in given}) < len(given):
            raise Unreadable("a choice is there twice")
        choices = [await _choice(request, *each, logprobs=logprobs) for each in given]
    except Unreadable:
        return blocked_body(request)
    return frames.encode({**frames.head_of(answer), "choices": choices, **frames.usage_of(answer)})


def blocked_body(request: GuardedRequest) -> bytes:
    """Return an answer whose only choice is blocked, because it could not be checked."""
    kind = "text_completion" if request.is_text else "chat.completion"
    request.guarded.clear()
    return frames.encode({"object": kind, "choices": [_blocked(request, 0, request.fail(0))]})


async def _choice(request: GuardedRequest, index: int, choice: Json, *, logprobs: bool) -> Json:
    """Return a choice as the caller gets it: a stream of one event, put together again."""
    reason = choice.get("finish_reason") or "stop"
    event = {**choice, "delta": choice.get("message"), "finish_reason": reason}
    found = await GuardedChoice(request, index, logprobs=logprobs).take(event)
    if found is None:
        raise Unreadable("a choice is there twice")
    if EXTENSION in found:
        return _blocked(request, index, request.guarded[index])
    if request.is_text:
        return found
    said = {"content": None, **found.pop("delta")}
    for call in said.get("tool_calls", ()):
        del call["index"]
    return {**found, "message": said}


def _blocked(request: GuardedRequest, index: int, guarded: Any) -> Json:
    said: Json = (
        {"text": ""}
        if request.is_text
        else {"message": {"role": "assistant", "content": "", "refusal": None}}
    )
    ending = {"logprobs": None, "finish_reason": REASON, EXTENSION: told(guarded)}
    return {"index": index, **said, **ending}
