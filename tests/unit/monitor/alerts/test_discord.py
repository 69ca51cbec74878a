"""What Discord gets."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.message import Message as Parsed
from typing import Any

import pytest

from monitor.alerts.discord import DiscordSender, payload
from tests.unit.monitor.alerts.builders import FACTS, message

_PICTURE = bytes(range(256))


def _size(embed: dict[str, Any]) -> int:
    return len(embed["title"]) + sum(len(f["name"]) + len(f["value"]) for f in embed["fields"])


def test_a_message_is_one_embed_that_mentions_nobody() -> None:
    """Even if somebody's name stood in it."""
    shown = payload(message(**FACTS))
    assert shown["allowed_mentions"] == {"parse": []}
    (embed,) = shown["embeds"]
    assert embed["url"] == "https://backstop.example/incidents/7"
    assert embed["fields"][0] == {"name": "Deployment", "value": "support", "inline": True}
    assert embed["timestamp"].startswith("2026-01-01T00:00:00")


@pytest.mark.parametrize("words", ["*" * 1_000_000, "a" * 3_000, "\\" * 1_025])
def test_discords_limits_are_kept(words: str) -> None:
    """Title, names and values, and all of them together; nothing is empty."""
    (embed,) = payload(message(words, **{**FACTS, "reason": words, "from": words}))["embeds"]
    assert len(embed["title"]) <= 256
    assert _size(embed) <= 2_000 + 2
    for field in embed["fields"]:
        assert 0 < len(field["value"]) <= 1_024
        assert not field["value"].endswith("\\") or field["value"].endswith("\\\\")


def test_a_picture_goes_with_the_message() -> None:
    """As the second part of a form, and the embed shows it."""
    sender = DiscordSender("chat", "https://discord.com/api/webhooks/1/x", allow_private=False)
    body, headers = sender.request(message(**FACTS, picture=_PICTURE))
    whole = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body
    told, shown = [part for part in message_from_bytes(whole).walk() if not part.is_multipart()]
    assert _name(told) == "payload_json"
    embed = json.loads(_bytes(told))["embeds"][0]
    assert embed["image"] == {"url": "attachment://evidence.png"}
    assert (_name(shown), shown.get_filename()) == ("files[0]", "evidence.png")
    assert shown.get_content_type() == "image/png"
    assert _bytes(shown) == _PICTURE


def test_without_a_picture_it_is_plain_json() -> None:
    """No form is needed."""
    sender = DiscordSender("chat", "https://discord.com/api/webhooks/1/x", allow_private=False)
    body, headers = sender.request(message(**FACTS))
    assert headers["Content-Type"].startswith("application/json")
    assert "image" not in json.loads(body)["embeds"][0]


def _name(part: Parsed) -> object:
    return part.get_param("name", header="content-disposition")


def _bytes(part: Parsed) -> bytes:
    decoded = part.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    return decoded
