"""Slack's incoming webhooks, as Block Kit.

Source: https://docs.slack.dev/messaging/formatting-message-text and the Block Kit reference.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from monitor.alerts import text
from monitor.alerts.addresses import receiver_url
from monitor.alerts.post import post
from monitor.ports.alerts import Notice

_HEADER_LIMIT = 150
_FIELD_LIMIT = 2_000
_SECTION_LIMIT = 3_000
_FALLBACK_LIMIT = 4_000
_SIGNS = {"critical": "🔴", "warning": "🟠"}
_SHORT = frozenset({"Deployment", "From", "To", "Exposure", "By"})
_ZERO_WIDTH = "\u200b"
_BROADCAST = re.compile("@(?=here|channel|everyone|group)", re.IGNORECASE)


class SlackSender:
    """Sends notices to a Slack channel.

    Args:
        receiver: name from the configuration.
        url: of the incoming webhook; it is a secret.
        allow_private: whether the address may lie in a loopback or private range.

    Raises:
        ConfigError: if the address cannot be used.
    """

    def __init__(self, receiver: str, url: str, *, allow_private: bool) -> None:
        self._receiver = receiver
        self._url = receiver_url(receiver, url, allow_private=allow_private)
        self._allow_private = allow_private

    @property
    def receiver(self) -> str:
        """Name from the configuration."""
        return self._receiver

    async def send(self, notice: Notice, at: datetime) -> None:
        """Deliver. Raises `DeliveryError`, or `ReceiverGone` if it must never be tried again."""
        body = json.dumps(payload(notice), ensure_ascii=False).encode()
        await post(
            self._receiver,
            self._url,
            body,
            {"Content-Type": "application/json; charset=utf-8"},
            allow_private=self._allow_private,
            at=at,
        )


def payload(notice: Notice) -> dict[str, Any]:
    """Return a notice as Slack shows it; no word in it mentions anybody or becomes a link."""
    title = f"{_SIGNS.get(notice.severity, '🟢')} {notice.title}"
    return {
        "text": _inert(text.plain(notice, _FALLBACK_LIMIT // 2), _FALLBACK_LIMIT),
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": _plain_text(title)},
            *_sections(notice),
            {"type": "context", "elements": [_mrkdwn(_footer(notice))]},
        ],
    }


def inert(words: str) -> str:
    """Return words that Slack shows as they are: no markup, no mention, no link.

    >>> inert("<!channel> a & b")
    '&lt;!channel&gt; a &amp; b'
    """
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BROADCAST.sub(f"@{_ZERO_WIDTH}", escaped)


def _inert(words: str, limit: int) -> str:
    """Cut before escaping, so that no entity is cut in two, and again if escapes made it long."""
    shown = inert(text.shorten(words, limit))
    while len(shown) > limit:
        words = text.shorten(words, len(words) // 2)
        shown = inert(words)
    return shown


def _sections(notice: Notice) -> list[dict[str, Any]]:
    rows = text.fields(notice)
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": _labelled(label, words, _SECTION_LIMIT)}
        for label, words in rows
        if label not in _SHORT
    ]
    short = [_labelled(label, words, _FIELD_LIMIT) for label, words in rows if label in _SHORT]
    if short:
        blocks.append({"type": "section", "fields": short})
    return blocks


def _labelled(label: str, words: str, limit: int) -> dict[str, Any]:
    head = f"*{label}*\n"
    return _mrkdwn(head + _inert(words, limit - len(head)))


def _footer(notice: Notice) -> str:
    address = text.link(notice)
    if address is None:
        return f"Backstop, {notice.kind}"
    safe = address.replace("&", "&amp;").replace("|", "%7C").replace("<", "%3C").replace(">", "%3E")
    return f"<{safe}|Open in Backstop>"


def _plain_text(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": _inert(words, _HEADER_LIMIT), "emoji": False}


def _mrkdwn(markup: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": markup, "verbatim": True}
