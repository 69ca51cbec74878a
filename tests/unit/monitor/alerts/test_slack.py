"""What Slack gets."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.slack import SlackSender, inert, payload
from monitor.errors import ConfigError
from monitor.ports.alerts import Notice


def _notice(title: str = "support was rolled back", **facts: Any) -> Notice:
    return Notice(
        id="7",
        kind="rollback",
        severity="critical",
        title=title,
        facts=facts,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _texts(block: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(block, Mapping):
        if "text" in block and isinstance(block["text"], str) and "type" in block:
            yield block
        for value in block.values():
            yield from _texts(value)
    elif isinstance(block, list):
        for item in block:
            yield from _texts(item)


def test_a_message_has_a_header_the_facts_and_a_link() -> None:
    """In the shape of Block Kit."""
    shown = payload(
        _notice(
            deployment="support",
            reason="faults",
            to="support@1",
            exposure=3,
            link="https://example.org/a?b=1&c=2",
        )
    )
    header, why, facts, context = shown["blocks"]
    assert header["text"]["text"] == "🔴 support was rolled back"
    assert why["text"]["text"] == "*Why*\nfaults"
    assert [field["text"] for field in facts["fields"]] == [
        "*Deployment*\nsupport",
        "*To*\nsupport@1",
        "*Exposure*\n3 answers",
    ]
    assert context["elements"][0]["text"] == "<https://example.org/a?b=1&amp;c=2|Open in Backstop>"


@pytest.mark.parametrize("mention", ["<!channel>", "<@U123>", "@here", "@Channel", "@everyone"])
def test_no_word_of_a_model_mentions_anybody(mention: str) -> None:
    """What an answer says is shown, and does nothing."""
    shown = json.dumps(payload(_notice(title=mention, reason=mention)), ensure_ascii=False)
    assert mention not in shown


def test_a_link_cannot_break_out() -> None:
    """Signs with a meaning are written otherwise."""
    shown = payload(_notice(link="https://example.org/|x> <!channel>"))
    assert shown["blocks"][-1]["elements"][0]["text"] == (
        "<https://example.org/%7Cx%3E %3C!channel%3E|Open in Backstop>"
    )


def test_a_versions_name_can_be_copied() -> None:
    """Only broadcasts are taken apart."""
    assert inert("support@3f9a2c1d7b04") == "support@3f9a2c1d7b04"


@pytest.mark.slow
@given(st.text(), st.text(st.sampled_from("&<@a"), min_size=2_900, max_size=6_000))
def test_every_text_keeps_slacks_limits(title: str, reason: str) -> None:
    """Also where each sign becomes five, and no entity is cut in two."""
    shown = payload(_notice(title=title, reason=reason, deployment=reason, **{"from": reason}))
    for block in _texts(shown["blocks"]):
        limit = 150 if block["type"] == "plain_text" else 3_000
        assert 0 < len(block["text"]) <= limit
        assert "<" not in block["text"]
        assert block["text"].replace("&amp;", "").replace("&lt;", "").count("&") == (
            block["text"].count("&gt;")
        )
    assert len(shown["text"]) <= 4_000


def test_a_secret_address_is_not_told() -> None:
    """Whoever has it can write into the channel."""
    with pytest.raises(ConfigError) as caught:
        SlackSender("ops", "ftp://hooks.slack.com/T0/B0/secret", allow_private=False)
    assert "secret" not in str(caught.value)
    sender = SlackSender("ops", "https://hooks.slack.com/T0/B0/secret", allow_private=False)
    assert sender.receiver == "ops"
    assert "secret" not in repr(sender)
