"""The signed webhook's payload and secret."""

import base64

import pytest

from monitor.alerts.webhook import WebhookSender, payload
from monitor.errors import ConfigError
from tests.unit.monitor.alerts.builders import message


def test_the_payload_has_the_standards_three_parts() -> None:
    """Type, time of the event, data."""
    told = message(kind="rollback", exposure=3, id="not the message's")
    assert payload(told) == {
        "type": "backstop.rollback",
        "timestamp": "2026-01-01T00:00:00.000000+00:00",
        "data": {
            "id": "7",
            "severity": "critical",
            "title": "support was rolled back",
            "count": 1,
            "facts": {"exposure": 3, "id": "not the message's"},
        },
    }


@pytest.mark.parametrize("prefix", ["", "whsec_"])
def test_a_secret_may_carry_the_standards_prefix(prefix: str) -> None:
    """Both forms are in use; padding may be missing."""
    secret = prefix + base64.b64encode(bytes(range(25))).decode().rstrip("=")
    sender = WebhookSender("ops", "https://example.org/x", secret=secret, allow_private=False)
    assert sender.receiver == "ops"


@pytest.mark.parametrize("secret", ["", "whsec_", "c2hvcnQ=", "ü" * 40, "a" * 33])
def test_a_weak_or_malformed_secret_is_refused(secret: str) -> None:
    """The way out is a command; the secret is not told."""
    with pytest.raises(ConfigError, match="openssl rand -base64 32") as caught:
        WebhookSender("ops", "https://example.org/x", secret=secret, allow_private=False)
    assert not secret or secret not in str(caught.value)
