"""A signed webhook for any receiver.

Source: Standard Webhooks, https://www.standardwebhooks.com.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from monitor.alerts.fitting import shortened
from monitor.alerts.post import post
from monitor.alerts.posting import PostingSender, as_json
from monitor.errors import ConfigError
from monitor.ports.alerts import Message
from rollback.canonical import plain
from rollback.times import iso

_TITLE_LIMIT = 500
_KEY_BYTES = 24  # the least that the standard allows


class WebhookSender(PostingSender):
    """Sends messages as JSON, signed with HMAC-SHA256.

    Args:
        receiver: name from the configuration.
        url: http or https address.
        secret: base64, with or without the prefix `whsec_`.
        allow_private: whether the address may lie in a loopback or private range.

    Raises:
        ConfigError: if the address or the secret cannot be used.
    """

    def __init__(self, receiver: str, url: str, *, secret: str, allow_private: bool) -> None:
        super().__init__(receiver, url, allow_private=allow_private)
        self._signer = _signer(receiver, secret)

    def payload(self, message: Message) -> Mapping[str, Any]:
        """Return what a receiver gets."""
        return payload(message)

    async def send(self, message: Message, at: datetime) -> str:
        """Deliver, under the message's id at every attempt.

        Args:
            at: time of this attempt; the receiver refuses one that is minutes off its clock.

        Raises:
            DeliveryError: if it did not arrive; `ReceiverGone` if it never will.
        """
        body = as_json(self.payload(message))
        moment = at.astimezone(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": self._signer.sign(message.id, moment, body.decode()),
        }
        return await post(
            self._receiver,
            self._url,
            body,
            headers,
            allow_private=self._allow_private,
            at=at,
        )


def payload(message: Message) -> dict[str, Any]:
    """Return what a receiver gets: the same at every attempt."""
    return {
        "type": f"backstop.{message.kind}",
        "timestamp": iso(message.created_at),
        "data": {
            "id": message.id,
            "severity": message.severity,
            "title": shortened(message.title, _TITLE_LIMIT),
            "count": message.count,
            "facts": plain(message.facts),
        },
    }


def _signer(receiver: str, secret: str) -> Any:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    except ValueError as error:
        raise ConfigError(_bad_secret(receiver)) from error
    if len(key) < _KEY_BYTES:
        raise ConfigError(_bad_secret(receiver))
    return Webhook(key)


def _bad_secret(receiver: str) -> str:
    return (
        f"receiver {receiver}: its secret must be base64 of at least {_KEY_BYTES} bytes; "
        "make one with: openssl rand -base64 32"
    )
