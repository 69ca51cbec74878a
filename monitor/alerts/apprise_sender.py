"""Every service that Apprise knows, beside those that have a sender of their own.

Apprise (`backstop[apprise]`) makes its connections by itself, so addresses are not checked here, and it
says only whether a message arrived: no `Retry-After` and no 410. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Any

from monitor.alerts import fitting
from monitor.alerts.inert import words
from monitor.alerts.message import sign
from monitor.errors import ConfigError, DeliveryError
from monitor.ports.alerts import Limits, Message

TIME_LIMIT_S = 15.0
_LIMIT = 1_000  # what the smallest of the chat services takes
_TITLE_LIMIT = 100
_TYPES = {"critical": "failure", "warning": "warning", "info": "info"}
_TEMPLATE = re.compile(r"[{}<>\[\]`*_~|#]")


class AppriseSender:
    """Sends messages by Apprise.

    Args:
        receiver: name from the configuration.
        url: Apprise's address of a service (`tgram://…`, `mailto://…`); it is a secret.
        allow_private: must be true, since nobody checks where Apprise connects to.

    Raises:
        ConfigError: if Apprise is not installed, does not know the address, or may not be used.
    """

    limits = Limits(pictures=True)

    def __init__(self, receiver: str, url: str, *, allow_private: bool) -> None:
        if not allow_private:
            raise ConfigError(
                f"receiver {receiver}: Apprise makes connections that are not checked; set "
                "allow_private: true if its address is yours"
            )
        self._receiver = receiver
        self._service = _service(receiver, url)

    @property
    def receiver(self) -> str:
        """Name from the configuration."""
        return self._receiver

    async def send(self, message: Message, at: datetime) -> str:
        """Deliver. Raises `DeliveryError`."""
        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                arrived = await asyncio.to_thread(self._notify, message)
        except TimeoutError as error:
            raise DeliveryError(
                f"receiver {self._receiver} gave no answer in {TIME_LIMIT_S:g} s"
            ) from error
        if not arrived:
            raise DeliveryError(f"receiver {self._receiver}: Apprise says that it did not arrive")
        return "Apprise says that it arrived"

    def _notify(self, message: Message) -> bool:
        from apprise.attachment.memory import AttachMemory

        attached = None
        if message.picture is not None:
            attached = AttachMemory(
                content=message.picture, name="evidence.png", mimetype="image/png"
            )
        title, body = texts(message)
        return bool(
            self._service.notify(
                title=title,
                body=body,
                body_format="text",
                notify_type=_TYPES.get(message.severity, "failure"),
                attach=attached,
                interpret_escapes=False,
            )
        )


def texts(message: Message) -> tuple[str, str]:
    """Return title and body as plain text; nobody knows the service's markup, so its signs are gone."""
    title = fitting.escaped(words(message.title), _TITLE_LIMIT, bare)
    body = fitting.lines(message, _LIMIT, escape=bare)
    return f"{sign(message)} {title}", body


def bare(text: str) -> str:
    """Return words with a space in the place of each sign that is markup somewhere."""
    return _TEMPLATE.sub(" ", text)


def _service(receiver: str, url: str) -> Any:
    try:
        import apprise
    except ImportError as error:
        raise ConfigError(
            f"receiver {receiver}: Apprise is not installed; install it: pip install "
            "'backstop[apprise]'"
        ) from error
    asset = apprise.AppriseAsset(allow_templates=False)
    asset.http_redirects = False
    service = apprise.Apprise(asset=asset)
    if not service.add(url.strip()):
        raise ConfigError(f"receiver {receiver}: Apprise does not know its url; correct it")
    return service
