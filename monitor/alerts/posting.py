"""What senders to an incoming webhook have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.alerts.addresses import receiver_url
from monitor.alerts.post import post
from monitor.ports.alerts import Limits, Message

_JSON = {"Content-Type": "application/json; charset=utf-8"}


class PostingSender(ABC):
    """Sends messages by one POST each.

    Args:
        receiver: name from the configuration.
        url: of the incoming webhook; it is a secret.
        allow_private: whether the address may lie in a loopback or private range.

    Raises:
        ConfigError: if the address cannot be used.
    """

    limits = Limits()

    def __init__(self, receiver: str, url: str, *, allow_private: bool) -> None:
        self._receiver = receiver
        self._url = receiver_url(receiver, url, allow_private=allow_private)
        self._allow_private = allow_private

    @property
    def receiver(self) -> str:
        """Name from the configuration."""
        return self._receiver

    async def send(self, message: Message, at: datetime) -> str:
        """Deliver. Raises `DeliveryError`, or `ReceiverGone` if it must never be tried again."""
        body, headers = self.request(message)
        return await post(
            self._receiver,
            self._url,
            body,
            headers,
            allow_private=self._allow_private,
            at=at,
        )

    def request(self, message: Message) -> tuple[bytes, Mapping[str, str]]:
        """Return the body and the headers that a message is sent with."""
        return as_json(self.payload(message)), _JSON

    @abstractmethod
    def payload(self, message: Message) -> Mapping[str, Any]:
        """Return the message in the channel's form."""


def as_json(payload: Mapping[str, Any]) -> bytes:
    """Return JSON in UTF-8, as short as it can be."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
