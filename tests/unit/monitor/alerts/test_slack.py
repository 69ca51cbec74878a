"""What Slack gets."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.alerts.slack import SlackSender, escape, payload
from monitor.errors import ConfigError
from tests.unit.monitor.alerts.builders import FACTS, message


def test_a_message_has_a_header_the_facts_and_a_link() -> None:
    """In the shape of Block Kit."""
    header, facts, why, *rest, context = payload(message(**FACTS))["blocks"]
    assert header["text"]["text"] == "🔴 support was rolled back"
    assert [field["text"] for field in facts["fields"]] == [
        "Deployment\nsupport",
        "Since\n2026-01-01 00:00:00 UTC",
        "From\nsupport@2",
        "To\nsupport@1",
        "Exposure\n14 answers",
        "By\nbackstop",
    ]
    assert why["text"]["text"] == "Why: evidence of harm 250,000 reached the line 100,000"
    assert [block["text"]["text"].partition(":")[0] for block in rest] == [
        "How long",
        "Backstop",
        "To do",
    ]
    assert context["elements"][0]["text"] == (
        "<https://backstop.example/incidents/7|Open in Backstop>"
    )


def test_a_link_cannot_break_out() -> None:
    """Signs with a meaning are written otherwise."""
    shown = payload(message(link="https://example.org/|x> <!channel>?a&b"))
    assert shown["blocks"][-1]["elements"][0]["text"] == (
        "<https://example.org/%7Cx%3E%3C!channel%3E?a&amp;b|Open in Backstop>"
    )


def test_a_versions_name_can_be_copied() -> None:
    """Only mentions are taken apart."""
    assert "support@3f9a2c1d7b04" in payload(message(to="support@3f9a2c1d7b04"))["text"]


def test_slacks_own_signs_are_escaped() -> None:
    """As its reference asks for."""
    assert escape("<!channel> & co") == "&lt;!channel&gt; &amp; co"


@pytest.mark.parametrize("size", [1, 149, 5_000, 1_000_000])
def test_slacks_own_checks_pass(size: int) -> None:
    """The limits that its SDK enforces hold for every block."""
    blocks = pytest.importorskip("slack_sdk.models.blocks", reason="slack-sdk is not installed")
    words = "&" * size
    shown = payload(message(words, **{**FACTS, "reason": words, "from": words, "actor": words}))
    parsed: list[Any] = blocks.Block.parse_all(shown["blocks"])
    assert len(parsed) == len(shown["blocks"])
    for block in parsed:
        block.validate_json()
        for part in (getattr(block, "text", None), *(getattr(block, "fields", None) or ())):
            if part is not None:
                part.validate_json()


def test_a_secret_address_is_not_told() -> None:
    """Whoever has it can write into the channel."""
    with pytest.raises(ConfigError) as caught:
        SlackSender("ops", "ftp://hooks.slack.com/T0/B0/secret", allow_private=False)
    assert "secret" not in str(caught.value)
    sender = SlackSender("ops", "https://hooks.slack.com/T0/B0/secret", allow_private=False)
    assert sender.receiver == "ops"
    assert "secret" not in repr(sender)
