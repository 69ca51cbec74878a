"""A signed webhook for any receiver.

Source: Standard Webhooks, https://www.standardwebhooks.com.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from monitor.alerts.addresses import receiver_url
from monitor.alerts.post import post
from monitor.errors import ConfigError
from monitor.ports.alerts import Notice
from rollback.canonical import plain
from rollback.times import iso

_KEY_BYTES = 24  # the least that the standard allows


class WebhookSender:
    """Sends notices as JSON, signed with HMAC-SHA256.

    Args:
        receiver: name from the configuration.
        url: http or https address.
        secret: base64, with or without the prefix `whsec_`.
        allow_private: whether the address may lie in a loopback or private range.

    Raises:
        ConfigError: if the address or the secret cannot be used.
    """

    def __init__(self, receiver: str, url: str, *, secret: str, allow_private: bool) -> None:
        self._receiver = receiver
        self._url = receiver_url(receiver, url, allow_private=allow_private)
        self._signer = _signer(receiver, secret)
        self._allow_private = allow_private

    @property
    def receiver(self) -> str:
        """Name from the configuration."""
        return self._receiver

    async def send(self, notice: Notice, at: datetime) -> None:
        """Deliver, under the notice's id at every attempt.

        Args:
            at: time of this attempt; the receiver refuses one that is minutes off its clock.

        Raises:
            DeliveryError: if it did not arrive; `ReceiverGone` if it never will.
        """
        body = json.dumps(payload(notice), ensure_ascii=False, separators=(",", ":"))
        moment = at.astimezone(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": self._signer.sign(notice.id, moment, body),
        }
        await post(
            self._receiver,
            self._url,
            body.encode(),
            headers,
            allow_private=self._allow_private,
            at=at,
        )


def payload(notice: Notice) -> dict[str, Any]:
    """Return what a receiver gets: the same at every attempt."""
    return {
        "type": f"backstop.{notice.kind}",
        "timestamp": iso(notice.created_at),
        "data": {
            "id": notice.id,
            "severity": notice.severity,
            "title": notice.title,
            "facts": plain(notice.facts),
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
