"""Mattermost's incoming webhooks, in its Markdown. They take no picture: the chart is behind the link.

Source: https://developers.mattermost.com/integrate/webhooks/incoming/ and its formatting reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.alerts import fitting, markdown
from monitor.alerts.message import sign
from monitor.alerts.posting import PostingSender
from monitor.ports.alerts import Message

_LIMIT = 4_000
_FRAME = 20  # characters of markup around a row, at most


class MattermostSender(PostingSender):
    """Sends messages to a Mattermost channel."""

    def payload(self, message: Message) -> Mapping[str, Any]:
        """Return the message as Mattermost takes it."""
        return payload(message)


def payload(message: Message) -> dict[str, Any]:
    """Return a message as Markdown in which only our own signs have a meaning."""
    link = markdown.link("Open in Backstop", message.link)
    room = _LIMIT - len(link) - _FRAME * (len(message.rows) + 1)
    fit = fitting.fitted(message, room, title=400, words=2_000, escape=markdown.escape)
    told = [f"{sign(message)} **{fit.title}**"]
    told += [f"**{label}:** {said}" for label, said in fit.rows]
    return {"username": "Backstop", "text": "\n".join([*told, link] if link else told)}
