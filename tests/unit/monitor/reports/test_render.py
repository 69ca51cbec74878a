"""Health reports as HTML, Markdown and JSON."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.reports.data import HealthReport, assemble
from monitor.reports.render import Format, render
from tests.integration.web.memory import Memory
from tests.integration.web.story import HOSTILE, trouble

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def report_of(memory: Memory) -> HealthReport:
    """Return the report of the last day."""
    return assemble(
        memory.stores(), memory.pointers["support"], until=NOW, period=timedelta(hours=24)
    )


@pytest.mark.slow
def test_the_page_stands_alone():
    """HTML loads nothing from anywhere: the picture and the styles are inside."""
    text = render(report_of(trouble(NOW)), Format.HTML)
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert 'src="data:image/png;base64,iVBOR' in text
    assert "prefers-color-scheme: dark" in text


def test_the_text_tells_the_incident_with_its_times():
    """Markdown has exposure and how long flip and proof took."""
    text = render(report_of(trouble(NOW)), Format.MARKDOWN)
    (line,) = [line for line in text.splitlines() if "degenerate repetition" in line]
    assert "| support@v0 | support@v1 | proved | 14 | 12 ms | 588 ms |" in line


def test_words_of_others_cannot_change_the_report():
    """A reason with markup, a pipe or a line break stays in its place."""
    memory = trouble(NOW)
    memory.points.clear()
    memory.breaches = [replace(memory.breaches[0], reason=f"{HOSTILE} a | b\n\n# Title")]
    report = report_of(memory)
    page, text = render(report, Format.HTML), render(report, Format.MARKDOWN)
    assert "<script" not in page
    assert "<script" not in text
    assert r"a \| b # Title" in text
    assert "\n# Title" not in text


def test_a_report_of_nothing_says_so():
    """Without answers every part says that there is nothing, and nothing fails."""
    memory = Memory(pointers=trouble(NOW).pointers)
    for form in (Format.HTML, Format.MARKDOWN):
        text = render(report_of(memory), form)
        assert "Waiting for answers" in text
        assert "No answer was judged in the period." in text


def test_the_values_are_valid_json_even_where_evidence_overflowed():
    """JSON knows no infinity: it becomes null, and the rest is there."""
    memory = trouble(NOW)
    memory.points[-1] = replace(memory.points[-1], evidence=math.inf)
    values = json.loads(render(report_of(memory), Format.JSON))
    assert values["answers"] == 50
    assert values["curve"][-1]["evidence"] is None
    assert values["standing"]["condition"] == "breach"


@pytest.mark.slow
def test_the_picture_is_drawn_where_evidence_is_zero_or_has_overflowed():
    """A logarithmic axis has no place for either: both are drawn at the edge."""
    memory = trouble(NOW)
    memory.points[-1] = replace(memory.points[-1], evidence=math.inf, suspicion=0.0)
    assert "data:image/png" in render(report_of(memory), Format.HTML)
