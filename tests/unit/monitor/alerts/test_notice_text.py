"""What a notice says in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.alerts import text
from monitor.ports.alerts import Notice

_FACTS: Mapping[str, Any] = {
    "deployment": "support",
    "reason": "evidence of harm 250,000 reached the line 100,000",
    "from": "support@2",
    "to": "support@1",
    "exposure": 14,
    "durations": {"fault to decision": 12.34, "decision to flip": 0.031},
    "actor": "backstop",
    "link": "http://127.0.0.1:8080/incidents/7",
    "unknown": {"to": "nobody"},
}


def _notice(facts: Mapping[str, Any] = _FACTS) -> Notice:
    return Notice(
        id="7",
        kind="rollback",
        severity="critical",
        title="support was rolled back",
        facts=facts,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_notice_says_all_that_a_person_asks() -> None:
    """What, why, from, to, exposure, how long, and where to look."""
    assert text.plain(_notice(), 1_000).splitlines() == [
        "[critical] support was rolled back",
        "Deployment: support",
        "Why: evidence of harm 250,000 reached the line 100,000",
        "From: support@2",
        "To: support@1",
        "Exposure: 14 answers",
        "How long: fault to decision 12.3 s, decision to flip 31 ms",
        "By: backstop",
        "http://127.0.0.1:8080/incidents/7",
    ]


def test_the_base_model_has_a_name() -> None:
    """Null is a version here, and a missing key is none."""
    assert dict(text.fields(_notice({"to": None}))) == {"To": "the base model"}


def test_a_notice_without_facts_is_its_title() -> None:
    """Nothing is made up."""
    assert text.plain(_notice({}), 1_000) == "[critical] support was rolled back"


def test_facts_of_another_kind_are_left_out() -> None:
    """A notice is shown whatever was put into it."""
    odd = {"exposure": "many", "durations": [1], "link": "javascript:alert(1)"}
    assert text.fields(_notice(odd)) == ()
    assert text.link(_notice(odd)) is None


def test_a_long_notice_is_cut_before_its_link() -> None:
    """The link is what a reader needs most."""
    shown = text.plain(_notice({**_FACTS, "reason": "x" * 5_000}), 300)
    assert len(shown) == 300
    assert shown.endswith("…\nhttp://127.0.0.1:8080/incidents/7")
