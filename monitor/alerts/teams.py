"""Microsoft Teams through a Workflows webhook, as an Adaptive Card.

Words stand in runs of text, in which Markdown is not read; no entity makes a mention. The evidence is
drawn within the card as long as the card stays as small as Teams wants it.

Source: https://adaptivecards.io/explorer/ and Microsoft's "Create incoming webhooks with Workflows".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from monitor.alerts import fitting
from monitor.alerts.inert import ZERO_WIDTH
from monitor.alerts.message import sign
from monitor.alerts.posting import PostingSender, as_json
from monitor.ports.alerts import Limits, Message

_LIMIT = 1_000  # characters that Workflows surely shows
_MOST_BYTES = 28_000
_TWO_BRACES = re.compile(r"\{(?=\{)")
_COLOURS = {"critical": "Attention", "warning": "Warning", "info": "Accent"}


class TeamsSender(PostingSender):
    """Sends messages to a Teams channel."""

    limits = Limits(pictures=True)

    def payload(self, message: Message) -> Mapping[str, Any]:
        """Return the message as Workflows takes it."""
        return payload(message)


def payload(message: Message) -> dict[str, Any]:
    """Return a message with one card, without the picture if it would be too large with it."""
    pictured = _enveloped(card(message, message.picture))
    if message.picture is None or len(as_json(pictured)) <= _MOST_BYTES:
        return pictured
    return _enveloped(card(message, None))


def card(message: Message, picture: bytes | None) -> dict[str, Any]:
    """Return a message as an Adaptive Card."""
    fit = fitting.fitted(message, _LIMIT, title=200, words=600, escape=escape)
    colour = "Good" if message.kind == "resolved" else _COLOURS.get(message.severity, "Attention")
    heading = {"size": "Medium", "weight": "Bolder", "color": colour}
    body = [_text(_run(f"{sign(message)} {fit.title}", **heading))]
    body += [_text(_run(f"{label}: ", weight="Bolder"), _run(said)) for label, said in fit.rows]
    if picture is not None:
        body.append(_image(picture))
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": _actions(message.link),
        "msteams": {"width": "Full"},
    }


def escape(words: str) -> str:
    """Return words without the beginning of a card's own functions, `{{DATE(...)}}` and the like."""
    return _TWO_BRACES.sub(f"{{{ZERO_WIDTH}", words)


def _enveloped(content: Mapping[str, Any]) -> dict[str, Any]:
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": content,
    }
    return {"type": "message", "attachments": [attachment]}


def _text(*runs: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(words: str, **style: str) -> dict[str, Any]:
    return {"type": "TextRun", "text": words, **style}


def _image(picture: bytes) -> dict[str, Any]:
    drawn = base64.b64encode(picture).decode()
    return {
        "type": "Image",
        "url": f"data:image/png;base64,{drawn}",
        "altText": "Evidence and its line over time",
        "size": "Stretch",
    }


def _actions(link: str | None) -> list[dict[str, Any]]:
    if link is None:
        return []
    return [{"type": "Action.OpenUrl", "title": "Open in Backstop", "url": link}]
