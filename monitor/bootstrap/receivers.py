"""Senders for the receivers that the configuration names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.alerts.apprise_sender import AppriseSender
from monitor.alerts.discord import DiscordSender
from monitor.alerts.mattermost import MattermostSender
from monitor.alerts.slack import SlackSender
from monitor.alerts.teams import TeamsSender
from monitor.alerts.webhook import WebhookSender
from monitor.config import Config, Receiver, read_secret
from monitor.errors import ConfigError
from monitor.ports.alerts import Sender

_KINDS: Mapping[str, Callable[..., Sender]] = {
    "slack": SlackSender,
    "teams": TeamsSender,
    "mattermost": MattermostSender,
    "discord": DiscordSender,
    "apprise": AppriseSender,
}


def senders(config: Config) -> dict[str, Sender]:
    """Return a sender for each receiver of the configuration. Raises `ConfigError`."""
    return {name: _sender(name, section) for name, section in config.receivers.items()}


def _sender(name: str, section: Receiver) -> Sender:
    url = section.address(name)
    make = _KINDS.get(section.kind)
    if make is not None:
        return make(name, url, allow_private=section.allow_private)
    if section.secret_file is None:
        raise ConfigError(f"receivers.{name}: a webhook needs a secret_file to sign with")
    secret = read_secret(section.secret_file, f"receivers.{name}.secret_file")
    return WebhookSender(name, url, secret=secret, allow_private=section.allow_private)
