"""What a notice says in words."""

from __future__ import annotations

import pytest

from monitor.alerts.message import compose, sign
from tests.unit.monitor.alerts.builders import FACTS, delivery, message, notice


def test_a_message_says_all_that_a_person_asks() -> None:
    """What, since when, why, from, to, exposure, what was done, what is left, and where to look."""
    told = compose(delivery())
    assert told.title == "support was rolled back"
    assert told.rows == (
        ("Deployment", "support"),
        ("Since", "2026-01-01 00:00:00 UTC"),
        ("Why", "evidence of harm 250,000 reached the line 100,000"),
        ("From", "support@2"),
        ("To", "support@1"),
        ("Exposure", "14 answers"),
        ("How long", "to decision 12.3 s, to flip 31 ms"),
        ("By", "backstop"),
        ("Backstop", "put support@1 back, quarantined support@2, and proved that support@1 serves"),
        ("To do", "find the cause; release the quarantined version only if it was innocent"),
    )
    assert told.link == "https://backstop.example/incidents/7"


def test_the_base_model_has_a_name() -> None:
    """Null is a version here, and a missing key is none."""
    rows = dict(message(to=None).rows)
    assert rows["To"] == "the base model"
    assert "From" not in rows


def test_a_failed_proof_says_why() -> None:
    """And that somebody must look now."""
    rows = dict(
        message(kind="unproved", proof="the engine is away", **{"from": None, "to": "a@1"}).rows
    )
    assert rows["Backstop"].endswith("the proof failed: the engine is away")
    assert rows["To do"] == "look at the engine now: it may serve other weights"


def test_words_of_a_model_are_no_templates() -> None:
    """What stands in a name is shown, and never looked up."""
    rows = dict(message(**{"from": "{to}{proof.__class__}", "to": "{0}"}).rows)
    assert rows["Backstop"] == (
        "put {0} back, quarantined {to}{proof.__class__}, and proved that {0} serves"
    )


def test_a_group_says_how_many_it_speaks_for() -> None:
    """And names some of the others."""
    told = compose(delivery(count=42, others=("a", "b")))
    assert told.title == "support was rolled back (and 41 more)"
    assert dict(told.rows)["Together with"] == "a; b"
    assert told.count == 42


def test_an_escalated_message_says_who_did_not_get_it() -> None:
    """The one who reads it must know why it came."""
    told = compose(delivery(escalated_from="pager"))
    assert dict(told.rows)["Instead of"] == "pager, which could not be reached"


def test_facts_of_another_kind_are_left_out() -> None:
    """A notice is shown whatever was put into it."""
    odd = message(exposure="many", durations=[1], link="javascript:alert(1)", since="yesterday")
    assert {label for label, _ in odd.rows} == {"Since", "Backstop", "To do"}
    assert dict(odd.rows)["Since"] == "2026-01-01 00:00:00 UTC"
    assert odd.link is None


def test_a_naive_beginning_is_in_utc() -> None:
    """Times without a zone are the service's own."""
    assert dict(message(since="2026-02-01T10:00:00").rows)["Since"] == "2026-02-01 10:00:00 UTC"


@pytest.mark.parametrize(
    ("kind", "severity", "expected"),
    [
        ("proved", "critical", "🔴"),
        ("threshold", "warning", "🟠"),
        ("report", "info", "🔵"),
        ("resolved", "info", "🟢"),
        ("odd", "unheard-of", "🔴"),
    ],
)
def test_a_severity_has_a_sign(kind: str, severity: str, expected: str) -> None:
    """An end has one of its own, and an unknown severity the worst."""
    assert sign(message(kind=kind, severity=severity)) == expected


def test_machines_get_no_endless_strings() -> None:
    """Whatever depth they stand in."""
    facts = message(numbers={"a": ["x" * 1_000_000]}).facts
    assert len(facts["numbers"]["a"][0]) == 4_000


def test_a_message_is_the_same_each_time() -> None:
    """A receiver tells a repeated attempt by its id, and what it says must not change with it."""
    assert compose(delivery(notice(**FACTS))) == compose(delivery(notice(**FACTS)))
