"""What Mattermost gets."""

from __future__ import annotations

from monitor.alerts.mattermost import payload
from tests.unit.monitor.alerts.builders import FACTS, message


def test_a_message_is_lines_of_markdown_with_a_link() -> None:
    """Our labels are bold; a model's words are as they are."""
    first, second, *rest = payload(message(**FACTS))["text"].splitlines()
    assert first == "🔴 **support was rolled back**"
    assert second == "**Deployment:** support"
    assert "**From:** support@2" in rest
    assert rest[-1] == "[Open in Backstop](https://backstop.example/incidents/7)"


def test_a_link_cannot_break_out() -> None:
    """What ends a link in Markdown is written otherwise."""
    shown = payload(message(link="https://example.org/a)[x](javascript:b"))["text"]
    assert shown.endswith("(https://example.org/a%29[x]%28javascript:b)")


def test_a_long_message_is_cut_before_its_link() -> None:
    """The link is what a reader needs most."""
    shown = payload(message("#" * 9_000, **{**FACTS, "reason": "*" * 1_000_000}))["text"]
    assert len(shown) <= 4_000
    assert shown.endswith("(https://backstop.example/incidents/7)")


def test_a_message_without_a_link_has_none() -> None:
    """Nothing is made up."""
    assert "Open" not in payload(message(reason="x"))["text"]
