"""Senders for the receivers that the configuration names."""

from __future__ import annotations

from monitor.alerts.slack import SlackSender
from monitor.alerts.webhook import WebhookSender
from monitor.config import Config, Receiver, read_secret
from monitor.errors import ConfigError
from monitor.ports.alerts import Sender


def senders(config: Config) -> dict[str, Sender]:
    """Return a sender for each receiver of the configuration. Raises `ConfigError`."""
    return {name: _sender(name, section) for name, section in config.receivers.items()}


def _sender(name: str, section: Receiver) -> Sender:
    url = section.address(name)
    if section.kind == "slack":
        return SlackSender(name, url, allow_private=section.allow_private)
    if section.secret_file is None:
        raise ConfigError(f"receivers.{name}: a webhook needs a secret_file to sign with")
    secret = read_secret(section.secret_file, f"receivers.{name}.secret_file")
    return WebhookSender(name, url, secret=secret, allow_private=section.allow_private)
