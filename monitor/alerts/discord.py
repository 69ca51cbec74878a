"""Discord's webhooks: one embed, with the evidence as an attached picture.

Source: https://discord.com/developers/docs/resources/webhook#execute-webhook.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from monitor.alerts import fitting, markdown
from monitor.alerts.message import sign
from monitor.alerts.posting import PostingSender, as_json
from monitor.ports.alerts import Limits, Message
from rollback.times import iso

_LIMIT = 2_000
_TITLE_LIMIT = 250  # 256 with the sign before it
_FIELD_LIMIT = 1_024
_SHORT = frozenset({"Deployment", "Since", "From", "To", "Exposure", "By"})
_COLOURS = {"critical": 0xD92D20, "warning": 0xD99A1C, "info": 0x3B82F6}
_OVER = 0x12B76A
_PICTURE = "evidence.png"


class DiscordSender(PostingSender):
    """Sends messages to a Discord channel."""

    limits = Limits(pictures=True)

    def payload(self, message: Message) -> Mapping[str, Any]:
        """Return the message as Discord takes it."""
        return payload(message)

    def request(self, message: Message) -> tuple[bytes, Mapping[str, str]]:
        """Return the body and the headers, in parts where a picture goes with the message."""
        if message.picture is None:
            return super().request(message)
        boundary = uuid.uuid5(uuid.NAMESPACE_URL, f"parts of {message.id}").hex
        body = _parts(boundary, as_json(self.payload(message)), message.picture)
        return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def payload(message: Message) -> dict[str, Any]:
    """Return a message that mentions nobody, whatever stands in it."""
    fit = fitting.fitted(
        message, _LIMIT, title=_TITLE_LIMIT, words=_FIELD_LIMIT, escape=markdown.escape
    )
    embed: dict[str, Any] = {
        "title": f"{sign(message)} {fit.title}",
        "color": _OVER if message.kind == "resolved" else _COLOURS.get(message.severity, 0xD92D20),
        "timestamp": iso(message.created_at),
        "fields": [
            {"name": label, "value": said, "inline": label in _SHORT} for label, said in fit.rows
        ],
    }
    if message.link is not None:
        embed["url"] = message.link
    if message.picture is not None:
        embed["image"] = {"url": f"attachment://{_PICTURE}"}
    return {"username": "Backstop", "allowed_mentions": {"parse": []}, "embeds": [embed]}


def _parts(boundary: str, payload_json: bytes, picture: bytes) -> bytes:
    """Return a form of two parts (RFC 7578)."""
    mark = f"--{boundary}\r\n".encode()
    return b"".join(
        (
            mark,
            b'Content-Disposition: form-data; name="payload_json"\r\n',
            b"Content-Type: application/json\r\n\r\n",
            payload_json,
            b"\r\n",
            mark,
            f'Content-Disposition: form-data; name="files[0]"; filename="{_PICTURE}"\r\n'.encode(),
            b"Content-Type: image/png\r\n\r\n",
            picture,
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )
