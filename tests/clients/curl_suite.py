"""The suite for plain curl: status, type and body as they come."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tests.clients.python_suite import TOOLS, turns
from tests.clients.target import Target

_LIMIT_S = "60"
_MARK = b"\n--status-and-type--"

CHAT, _TEXT = "/chat/completions", "/completions"
_REQUESTS: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "a whole answer": (CHAT, {"messages": turns(), "max_tokens": 8}),
        "a stream": (CHAT, {"messages": turns(), "max_tokens": 8, "stream": True}),
        "a stream of two choices": (
            CHAT,
            {"messages": turns(), "max_tokens": 4, "stream": True, "n": 2, "seed": 1},
        ),
        "tools": (CHAT, {"messages": turns(), "tools": TOOLS}),
        "a text completion": (_TEXT, {"prompt": "The router", "max_tokens": 5, "logprobs": 1}),
        "embeddings": ("/embeddings", {"input": ["The router"]}),
        "a bad parameter": (CHAT, {"messages": turns(), "temperature": 9}),
        "a prompt beyond the context": (CHAT, {"messages": turns("invoice " * 30_000)}),
    }
)
_RAW: Mapping[str, bytes] = MappingProxyType(
    {
        "no JSON at all": b"{not json",
        "half a body": b'{"model": "support", "messages": [',
        "an empty body": b"",
    }
)
WORDED_BY_WHO_REFUSES = frozenset(_RAW)
SCENARIOS = (*_REQUESTS, *_RAW)


def run(target: Target, scenario: str) -> tuple[bytes, bytes]:
    """Return the status with the content type, and the body's bytes."""
    if scenario in _RAW:
        return post(target, CHAT, _RAW[scenario])
    path, fields = _REQUESTS[scenario]
    body = {"model": target.model, "temperature": 0, **fields}
    return post(target, path, json.dumps(body).encode())


def post(target: Target, path: str, body: bytes) -> tuple[bytes, bytes]:
    """Post a body as it is; return the status with the content type, and the answer's bytes."""
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--no-buffer",
        f"--max-time={_LIMIT_S}",
        "--header=content-type: application/json",
        f"--header=authorization: Bearer {target.key}",
        "--data-binary=@-",
        f"--write-out={_MARK.decode()}%{{http_code}} %{{content_type}}",
        target.url + path,
    ]
    said = subprocess.run(_spaced(command), input=body, capture_output=True, check=True).stdout
    answer, _, status = said.rpartition(_MARK)
    return status, answer


def _spaced(command: list[str]) -> list[str]:
    """Return curl's options and their values as separate words."""
    words = []
    for word in command:
        option, given, value = word.partition("=")
        words += [option, value] if option.startswith("--") and given else [word]
    return words
