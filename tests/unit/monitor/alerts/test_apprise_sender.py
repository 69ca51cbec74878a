"""What goes to services by way of Apprise."""

from __future__ import annotations

import pytest

from monitor.alerts.apprise_sender import AppriseSender, texts
from monitor.errors import ConfigError
from tests.unit.monitor.alerts.builders import FACTS, message


def test_a_message_is_plain_text_with_its_link() -> None:
    """Whatever service reads it."""
    title, body = texts(message(**FACTS))
    assert title == "🔴 support was rolled back"
    assert body.splitlines()[-1] == FACTS["link"]
    assert "From: support@2" in body.splitlines()


def test_long_words_are_cut_before_the_link() -> None:
    """The smallest service takes 1,000 characters."""
    title, body = texts(message("t" * 5_000, **{**FACTS, "reason": "r" * 1_000_000}))
    assert len(title) <= 102
    assert len(body) <= 1_000
    assert body.endswith(str(FACTS["link"]))


def test_unchecked_connections_need_the_operators_word() -> None:
    """Nobody looks where Apprise connects to."""
    with pytest.raises(ConfigError, match="allow_private: true"):
        AppriseSender("ops", "json://127.0.0.1", allow_private=False)


@pytest.mark.filterwarnings("ignore:.*imghdr.*:DeprecationWarning")
def test_an_address_that_apprise_does_not_know_is_refused() -> None:
    """And not told: it may hold a secret."""
    pytest.importorskip("apprise", reason="backstop[apprise] is not installed")
    with pytest.raises(ConfigError, match="does not know its url") as caught:
        AppriseSender("ops", "nosuch://secret", allow_private=True)
    assert "secret" not in str(caught.value)
