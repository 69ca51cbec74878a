"""What the relay has to know of a request's body; the rest is the engine's business."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from monitor.gateway.refusal import invalid


class Asked(msgspec.Struct, gc=False):
    """The fields of a completion's request that the relay reads.

    Args:
        model: deployment or version; user: OpenAI's name for the caller's own caller.
        stream, logprobs: as they came, of any type: the engine checks them.
    """

    model: str
    user: Any = None
    stream: Any = None
    logprobs: Any = None


class Named(msgspec.Struct, gc=False):
    """A body of any other kind that names a model, or not."""

    model: Any = None


class _Turn(msgspec.Struct, gc=False):
    role: Any = None
    content: msgspec.Raw = msgspec.Raw()


class _Talk(msgspec.Struct, gc=False):
    messages: list[_Turn] = []


_asked = msgspec.json.Decoder(Asked)
_named = msgspec.json.Decoder(Named)
_talk = msgspec.json.Decoder(_Talk)


def parse(body: bytes) -> Asked:
    """Read a completion's request. Raises `Refusal` (400)."""
    try:
        return _asked.decode(body)
    except msgspec.ValidationError as error:
        if "$.model" in str(error) or "`model`" in str(error):
            raise invalid("model must be text: the name of a deployment", "model") from error
        raise invalid("the body must be a JSON object") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid(f"the body is not JSON: {error}") from error


def first_question(body: bytes) -> str | None:
    """Return the hash of what a conversation began with, the same at every turn of it.

    `None` where no message of a user can be read.
    """
    try:
        turns = _talk.decode(body).messages
    except (msgspec.DecodeError, RecursionError):
        return None
    asked = next((turn.content for turn in turns if turn.role == "user"), None)
    return None if asked is None else hashlib.blake2b(bytes(asked), digest_size=16).hexdigest()


def model_named(body: bytes) -> str | None:
    """Return the model that a body names, if it is a JSON object that names one.

    Raises `Refusal` (400) for what is no JSON.
    """
    try:
        model = _named.decode(body).model
    except msgspec.ValidationError:  # another kind of JSON
        return None
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid(f"the body is not JSON: {error}") from error
    return model if isinstance(model, str) else None
