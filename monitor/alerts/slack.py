"""Slack's incoming webhooks, as Block Kit.

Words stand in `plain_text` objects, in which nothing is markup, a mention or a link. A webhook
cannot upload a picture, so the chart stands behind the link.

Source: https://docs.slack.dev/messaging/formatting-message-text and the Block Kit reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.alerts import fitting
from monitor.alerts.message import sign
from monitor.alerts.posting import PostingSender
from monitor.ports.alerts import Message

_HEADER_LIMIT = 150
_FIELD_LIMIT = 2_000
_FIELDS = 10
_FALLBACK_LIMIT = 4_000
_LIMIT = 35_000 - _FALLBACK_LIMIT
_ROOM = (
    4  # for the sign of the severity before the title, for colon and line between label and words
)
_SHORT = frozenset({"Deployment", "Since", "From", "To", "Exposure", "By"})


class SlackSender(PostingSender):
    """Sends messages to a Slack channel."""

    def payload(self, message: Message) -> Mapping[str, Any]:
        """Return the message as Slack shows it."""
        return payload(message)


def payload(message: Message) -> dict[str, Any]:
    """Return a message as Slack shows it; no word in it mentions anybody or becomes a link."""
    fit = fitting.fitted(
        message,
        _LIMIT,
        title=_HEADER_LIMIT - _ROOM,
        words=_FIELD_LIMIT - 50,
        escape=escape,
    )
    return {
        "text": fitting.lines(message, _FALLBACK_LIMIT, escape=escape),
        "mrkdwn": False,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": _plain_text(f"{sign(message)} {fit.title}")},
            *_sections(fit),
            {"type": "context", "elements": [_footer(message)]},
        ],
    }


def escape(words: str) -> str:
    """Return words without Slack's control characters.

    >>> escape("<!channel> a & b")
    '&lt;!channel&gt; a &amp; b'
    """
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sections(fit: Message) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": _plain_text(f"{label}: {said}")}
        for label, said in fit.rows
        if label not in _SHORT
    ]
    short = [_plain_text(f"{label}\n{said}") for label, said in fit.rows if label in _SHORT]
    if short:
        blocks.insert(0, {"type": "section", "fields": short[:_FIELDS]})
    return blocks


def _footer(message: Message) -> dict[str, Any]:
    if message.link is None:
        return _plain_text(f"Backstop, {message.kind}")
    safe = escape(message.link.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))
    return {"type": "mrkdwn", "text": f"<{safe}|Open in Backstop>", "verbatim": True}


def _plain_text(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words, "emoji": False}
