"""The numbers of a decision in words."""

from __future__ import annotations

from monitor.web.evidence_words import explained


def test_every_number_has_its_words():
    """Channels stand before the name, lists are numbered, and what is unknown keeps its own name."""
    facts = explained(
        {
            "evidence": 180_000.0,
            "channels": {"faults": 360_000.0, "drift.length_high": 12.5},
            "breaches": ["latency_p95_s above 2"],
            "forced": True,
            "odd_thing": None,
        }
    )
    assert [(each.name, each.meaning, each.value) for each in facts] == [
        ("evidence", "evidence of harm", "180,000"),
        ("channels.faults", "channels: faults", "360,000"),
        ("channels.drift.length_high", "channels.drift: length high", "12.5"),
        ("breaches[0]", "breaches[0]", "latency_p95_s above 2"),
        ("forced", "forced", "yes"),
        ("odd_thing", "odd thing", "–"),
    ]


def test_a_page_is_not_flooded():
    """Whatever a later version writes."""
    assert len(explained({str(number): number for number in range(1000)})) == 200
