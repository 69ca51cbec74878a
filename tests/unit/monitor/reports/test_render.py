"""Health reports as HTML, Markdown and JSON."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from guards.confidence import rate_interval
from monitor.reports.comparison import Sides, compare
from monitor.reports.condition import Condition, Standing
from monitor.reports.data import FleetReport, HealthReport, told
from monitor.reports.debt import Debt, Quarantined
from monitor.reports.render import Format, render
from monitor.reports.todo import Task, Todo
from monitor.reports.words import Language
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident, Phase
from rollback.indicators.measured import Measured

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


FAULTS = {"fault_rate": Measured(value=0.0625, count=48, interval=rate_interval(3, 48))}
DEBT = Debt(
    forebears=(V1, V0),
    active_days=0.5,
    forced=(),
    quarantined=(Quarantined(version=V0, since=NOW, reason="degenerate repetition"),),
    proposals=(),
)


def report_of(*points: EvidencePoint, **changes: object) -> HealthReport:
    """Return the report of a day on which v2 is suspected."""
    plain = HealthReport(
        deployment=Deployment(name="support", active=V2, baseline=V1, epoch=4),
        labels={V0: "v0", V1: "v1", V2: "v2"},
        since=NOW - timedelta(hours=24),
        until=NOW,
        standing=Standing(condition=Condition.SUSPICION, headline="Suspicion", detail="Changed."),
        judged=44,
        answers=50,
        answers_before=40,
        cost=1.25,
        cost_before=None,
        indicators=compare(Sides(active=FAULTS, before={}, baseline={})),
        curve=points,
        golden_runs=(),
        incidents=(told(INCIDENT),),
        versions=(),
        debt=DEBT,
        todos=(Todo(task=Task.SETTLE_QUARANTINE, about=V0),),
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
    (line,) = [line for line in text.splitlines() if "| proved |" in line]
    assert "| support@v0 | support@v1 | proved | 14 | 0.012 | 0.59 |" in line


def test_words_of_others_cannot_change_the_report():
    """A reason with markup, a pipe, a link or a line break stays in its place."""
    reason = f"{HOSTILE} a | b\n\n# Title ![x](http://evil.example/x.png) `c`"
    report = report_of(incidents=(told(replace(INCIDENT, reason=reason)),))
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
    report = report_of(incidents=(told(replace(INCIDENT, reason=reason)),))
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


def numbers(value: object) -> set[float]:
    """Return every number in a JSON document, and how long its lists are."""
    if isinstance(value, dict):
        return set().union(*map(numbers, value.values()))
    if isinstance(value, list):
        return set().union({float(len(value))}, *map(numbers, value))
    return {float(value)} if isinstance(value, int | float) else set()


@pytest.mark.parametrize("language", Language)
def test_every_figure_of_the_page_is_in_the_values(language: Language):
    """Each carries its whole value beside its rounded form, and that is the JSON's."""
    report = report_of()
    page = render(report, Format.HTML, language)
    figures = {float(each) for each in re.findall(r'<data value="([^"]+)">', page)}
    assert {50.0, 40.0, 1.25, 0.0625, 14.0, 0.588, 0.5} <= figures
    assert figures <= numbers(json.loads(render(report, Format.JSON)))


def test_a_report_in_japanese_has_its_words_and_dates():
    """Verdict, task, headings and dates are Japanese; names of versions stay."""
    text = render(report_of(), Format.MARKDOWN, Language.JA)
    assert "support@v2 の応答が変化しています。44 件の時点で害は示されていません。" in text
    assert "隔離中の support@v0 を解放するか破棄してください。" in text
    assert "2026年03月01日 12:00 UTC" in text
    assert "Indicators" not in text


def test_a_fleet_has_every_deployment():
    """A table of all, and then one section each."""
    other = replace(report_of(), deployment=Deployment(name="billing"))
    fleet = FleetReport(since=NOW, until=NOW, reports=(report_of(), other))
    page = render(fleet, Format.HTML)
    assert page.count("<section>") == 2
    assert page.count("<td>billing</td>") == 1
    assert [
        each["deployment"]["name"] for each in json.loads(render(fleet, Format.JSON))["reports"]
    ] == [
        "support",
        "billing",
    ]


def test_words_of_others_are_inert_in_every_place():
    """In a name, an actor's reason, and a reason to freeze: in both languages."""
    report = report_of(
        deployment=Deployment(name=HOSTILE, active=V2, frozen=HOSTILE),
        standing=Standing(condition=Condition.FROZEN, headline="Frozen", detail=HOSTILE),
        labels={V2: HOSTILE},
        todos=(Todo(task=Task.DECIDE, about=HOSTILE),),
    )
    for language in Language:
        for form in (Format.HTML, Format.MARKDOWN):
            text = render(report, form, language)
            assert "<script" not in text
            assert "<img src=x" not in text
