"""Health reports as HTML, Markdown and JSON."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.reports.condition import Condition, Standing
from monitor.reports.data import HealthReport
from monitor.reports.render import Format, render
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident, Phase

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
V0, V1, V2 = "support@0aa1b2c3d4e5", "support@3f9a2c1d7b04", "support@b81e02d95c3a"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
POINT = EvidencePoint(
    deployment="support",
    adapter=V2,
    epoch=4,
    position=44,
    at=NOW,
    suspicion=2e3,
    suspicion_line=1e3,
    evidence=900.0,
    line=1e5,
)
INCIDENT = Incident(
    id="1",
    deployment="support",
    opened_at=NOW - timedelta(minutes=20),
    phase=Phase.PROVED,
    from_version=V0,
    to_version=V1,
    reason="degenerate repetition",
    actor="backstop",
    epoch=3,
    decided_at=NOW - timedelta(minutes=20),
    flipped_at=NOW - timedelta(minutes=20) + timedelta(milliseconds=12),
    proved_at=NOW - timedelta(minutes=20) + timedelta(milliseconds=600),
    exposure=14,
)


def report_of(*points: EvidencePoint, **changes: object) -> HealthReport:
    """Return the report of a day on which v2 is suspected."""
    plain = HealthReport(
        deployment=Deployment(name="support", active=V2, baseline=V1, epoch=4),
        labels={V0: "v0", V1: "v1", V2: "v2"},
        since=NOW - timedelta(hours=24),
        until=NOW,
        standing=Standing(condition=Condition.SUSPICION, headline="Suspicion", detail="Changed."),
        answers=50,
        answers_before=40,
        indicators=(),
        curve=points,
        golden_runs=(),
        incidents=(INCIDENT,),
        versions=(),
    )
    return replace(plain, **changes)


@pytest.mark.slow
def test_the_page_stands_alone():
    """HTML loads nothing from anywhere: the picture and the styles are inside."""
    text = render(report_of(POINT), Format.HTML)
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert 'src="data:image/png;base64,iVBOR' in text
    assert "prefers-color-scheme: dark" in text


def test_the_text_tells_the_incident_with_its_times():
    """Markdown has exposure and how long flip and proof took."""
    text = render(report_of(POINT), Format.MARKDOWN)
    (line,) = [line for line in text.splitlines() if "degenerate repetition" in line]
    assert "| support@v0 | support@v1 | proved | 14 | 12 ms | 588 ms |" in line


def test_words_of_others_cannot_change_the_report():
    """A reason with markup, a pipe, a link or a line break stays in its place."""
    reason = f"{HOSTILE} a | b\n\n# Title ![x](http://evil.example/x.png) `c`"
    report = report_of(incidents=(replace(INCIDENT, reason=reason),))
    page, text = render(report, Format.HTML), render(report, Format.MARKDOWN)
    assert "<script" not in page
    assert "<script" not in text
    assert r"a \| b # Title" in text
    assert "\n# Title" not in text
    assert r"!\[x](http" in text
    assert r"\`c\`" in text


def test_words_of_others_cannot_steer_a_terminal_or_the_direction_of_a_line():
    """Escape sequences and marks that turn the writing round are shown as what they are."""
    reason = "\x1b]0;owned\x07\x1b[2J \u202eevil\u2066 \x9b31m"
    report = report_of(incidents=(replace(INCIDENT, reason=reason),))
    for form in (Format.HTML, Format.MARKDOWN):
        text = render(report, form)
        assert not set(text) & set("\x1b\x07\x9b\u202e\u2066")
        assert "evil" in text


def test_a_report_of_nothing_says_so():
    """Without answers every part says that there is nothing, and nothing fails."""
    report = report_of(incidents=(), deployment=Deployment(name="support"))
    for form in (Format.HTML, Format.MARKDOWN):
        assert "No answer was judged in the period." in render(report, form)


def test_the_values_are_valid_json_even_where_evidence_overflowed():
    """JSON knows no infinity: it becomes null, and the rest is there."""
    values = json.loads(render(report_of(replace(POINT, evidence=math.inf)), Format.JSON))
    assert values["answers"] == 50
    assert values["curve"][-1]["evidence"] is None
    assert values["standing"]["condition"] == "suspicion"


@pytest.mark.slow
def test_the_picture_is_drawn_where_evidence_is_zero_or_has_overflowed():
    """A logarithmic axis has no place for either: both are drawn at the edge."""
    edge = replace(POINT, position=45, evidence=math.inf, suspicion=0.0)
    assert "data:image/png" in render(report_of(POINT, edge), Format.HTML)
