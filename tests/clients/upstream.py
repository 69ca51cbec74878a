"""A model server without a model: OpenAI's surface as vLLM serves it, the same answer to the same request.

python -m tests.clients.upstream --port 8000
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

MODEL = "tiny"
LONGEST_PROMPT = 2000  # words
_WORDS = ("the", "router", "blinks", "red", "naïve", "あり", "🙂", "é", "\u2028", '"', "\\", "end")
_NATURAL_END = 12
_HEAD = {"id": "chatcmpl-1", "created": 1700000000, "model": MODEL}
_BODY_LIMIT = 64 << 20

Body = Mapping[str, Any]


class Refused(Exception):
    """A request that the server does not take."""

    def __init__(self, status: int, message: str, kind: str = "BadRequestError") -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


async def chat(request: web.Request) -> web.StreamResponse:
    """Answer a chat completion."""
    body = await _read(request)
    return await _stream(request, body) if body.get("stream") else _whole(body)


async def completions(request: web.Request) -> web.StreamResponse:
    """Answer a text completion."""
    body = await _read(request)
    if body.get("stream"):
        return await _stream(request, body)
    return _whole(body)


async def embeddings(request: web.Request) -> web.Response:
    """Answer with a short vector for each text."""
    body = await _read(request)
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data = [
        {"object": "embedding", "index": n, "embedding": [d / 255 for d in _digits(text, n)[:4]]}
        for n, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return _json({"object": "list", "data": data, "model": MODEL, "usage": usage})


async def models(_request: web.Request) -> web.Response:
    """List the base model."""
    base = {"id": MODEL, "object": "model", "created": 1700000000, "owned_by": "vllm"}
    return _json({"object": "list", "data": [{**base, "root": MODEL, "parent": None}]})


async def version(_request: web.Request) -> web.Response:
    """Tell a version, as vLLM does."""
    return _json({"version": "0.0.0"})


async def _read(request: web.Request) -> Body:
    """Return a request's body, checked. Raises `Refused`."""
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise Refused(400, f"Expecting JSON: {error}") from error
    if body.get("model") != MODEL:
        raise Refused(404, f"The model `{body.get('model')}` does not exist.", "NotFoundError")
    if not 0 <= body.get("temperature", 1) <= 2:
        raise Refused(400, "temperature must be in [0, 2]")
    if len(_prompt(body).split()) > LONGEST_PROMPT:
        raise Refused(400, f"This model's maximum context length is {LONGEST_PROMPT} tokens.")
    return dict(body)


def _whole(body: Body) -> web.Response:
    choices = [_whole_choice(body, number) for number in range(body.get("n", 1))]
    kind = "chat.completion" if "messages" in body else "text_completion"
    return _json({**_HEAD, "object": kind, "choices": choices, "usage": _usage(body)})


def _whole_choice(body: Body, number: int) -> dict[str, Any]:
    words, reason = _written(body, number)
    if body.get("tools"):
        call = {"id": "call_1", "type": "function", "function": _call(body)}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return {"index": number, "message": message, "finish_reason": "tool_calls"}
    text = "".join(words)
    if "messages" in body:
        message = {"role": "assistant", "content": text}
        logprobs = _chat_logprobs(body, words)
        return {
            "index": number,
            "message": message,
            "logprobs": logprobs,
            "finish_reason": reason,
        }
    return {
        "index": number,
        "text": text,
        "logprobs": _text_logprobs(body, words),
        "finish_reason": reason,
    }


async def _stream(request: web.Request, body: Body) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    for event in _events(body):
        await response.write(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")
        await asyncio.sleep(body.get("pause_s", 0))
    await response.write(b"data: [DONE]\n\n")
    return response


def _events(body: Body) -> Iterator[dict[str, Any]]:
    chatting = "messages" in body
    head = {**_HEAD, "object": "chat.completion.chunk" if chatting else "text_completion"}
    for number in range(body.get("n", 1)):
        if chatting:
            role = {"role": "assistant", "content": ""}
            yield {**head, "choices": [{"index": number, "delta": role, "finish_reason": None}]}
        yield from ({**head, "choices": [choice]} for choice in _parts(body, number))
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": _usage(body)}


def _parts(body: Body, number: int) -> Iterator[dict[str, Any]]:
    words, reason = _written(body, number)
    if body.get("tools"):
        function = _call(body)
        half = len(function["arguments"]) // 2
        for part in (function["arguments"][:half], function["arguments"][half:]):
            called = {"index": 0, "id": "call_1", "type": "function"}
            named = {"name": function["name"], "arguments": part}
            delta = {"tool_calls": [{**called, "function": named}]}
            yield {"index": number, "delta": delta, "finish_reason": None}
        yield {"index": number, "delta": {}, "finish_reason": "tool_calls"}
        return
    for word in words:
        told = (
            {"delta": {"content": word}, "logprobs": _chat_logprobs(body, [word])}
            if "messages" in body
            else {"text": word, "logprobs": _text_logprobs(body, [word])}
        )
        yield {"index": number, **told, "finish_reason": None}
    last: dict[str, Any] = {"delta": {}} if "messages" in body else {"text": ""}
    yield {"index": number, **last, "finish_reason": reason}


def _call(body: Body) -> dict[str, str]:
    name = body["tools"][0]["function"]["name"]
    return {"name": name, "arguments": json.dumps({"city": "Köln", "days": 3}, ensure_ascii=False)}


def _written(body: Body, number: int) -> tuple[list[str], str]:
    """Return the words of a choice, and why it ends."""
    digits = _digits(_prompt(body), number, body.get("seed"))
    most = body.get("max_tokens") or body.get("max_completion_tokens") or _NATURAL_END
    words = [f" {_WORDS[digit % len(_WORDS)]}" for digit in digits[: min(most, _NATURAL_END)]]
    stops = body.get("stop") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        for place, word in enumerate(words):
            if stop in word:
                return words[:place], "stop"
    return words, "length" if most < _NATURAL_END else "stop"


def _chat_logprobs(body: Body, words: list[str]) -> dict[str, Any] | None:
    if not body.get("logprobs"):
        return None
    count = body.get("top_logprobs") or 0
    content = [
        {
            "token": word,
            "logprob": -0.5,
            "bytes": list(word.encode()),
            "top_logprobs": [
                {"token": other, "logprob": -0.5 - rank, "bytes": list(other.encode())}
                for rank, other in enumerate(_WORDS[:count])
            ],
        }
        for word in words
    ]
    return {"content": content}


def _text_logprobs(body: Body, words: list[str]) -> dict[str, Any] | None:
    if body.get("logprobs") is None:
        return None
    return {
        "text_offset": list(range(len(words))),
        "tokens": words,
        "token_logprobs": [-0.5] * len(words),
        "top_logprobs": [{word: -0.5} for word in words],
    }


def _usage(body: Body) -> dict[str, int]:
    read = len(_prompt(body).split())
    words = sum(len(_written(body, number)[0]) for number in range(body.get("n", 1)))
    return {"prompt_tokens": read, "completion_tokens": words, "total_tokens": read + words}


def _prompt(body: Body) -> str:
    if "messages" in body:
        return "\n".join(str(turn.get("content")) for turn in body["messages"])
    return str(body.get("prompt", body.get("input", "")))


def _digits(*seed: object) -> bytes:
    return hashlib.sha256(json.dumps(seed).encode()).digest()


def _json(body: Body, status: int = 200) -> web.Response:
    return web.Response(
        body=json.dumps(body, ensure_ascii=False).encode(),
        status=status,
        content_type="application/json",
    )


@web.middleware
async def _translate(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except Refused as refused:
        told = {"message": str(refused), "type": refused.kind, "param": None}
        return _json({"error": {**told, "code": refused.status}}, refused.status)
    return answer


def application() -> web.Application:
    """Return the server's application."""
    app = web.Application(middlewares=[_translate], client_max_size=_BODY_LIMIT)
    app.add_routes(
        [
            web.post("/v1/chat/completions", chat),
            web.post("/v1/completions", completions),
            web.post("/v1/embeddings", embeddings),
            web.get("/v1/models", models),
            web.get("/version", version),
        ]
    )
    return app


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    web.run_app(application(), host="127.0.0.1", port=parser.parse_args().port, print=None)


if __name__ == "__main__":
    main()
