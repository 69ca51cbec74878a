"""The pilot report: every figure in it is the JSON's."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from monitor.reports import pilot
from monitor.reports.pilot_words import WORDS


def _row(arm: str, size: int, mean: float, cost: Any) -> dict[str, Any]:
    quality = {"mean": mean, "low": mean / 2, "high": mean + 0.1, "cases": 61}
    loaded = [{"adapters": 4, "tokens_per_s": 612.3, "tensor_bytes": 8_574_592}] if cost else []
    return {
        "arm": arm, "size": size, "seeds": 2, "quality": quality, "seed_range": [mean, mean],
        "exact": 0.413, "slices": {"in/out": quality}, "calibration_error": 0.123,
        "regression_rate": 0.017, "forgetting": -0.25, "cost": cost, "seconds_per_answer": 0.2,
        "speed": {"latency_s": 0.0123, "tokens_per_s": 711.5, "tensor_bytes": 6_264_448,
                  "merged_latency_s": None, "loaded": loaded},
        "money": {"to_make": 523.5, "per_thousand": 0.836, "break_even": 51_234.0 if cost else None},
    }  # fmt: skip


COST = {"trained": 192_512, "seconds": 5.79, "peak_memory_bytes": 459_186_176, "bytes": 777_216}
TOLD: dict[str, Any] = {
    "golden_cases": 61, "pool": 59, "general": 13, "seeds": 2,
    "rows": [_row("bare", 0, 0.2, None), _row("few-shot", 4, 0.31, None),
             _row("lora", 29, 0.87, COST),
             {"arm": "full", "size": 29, "seeds": 0, "failed": "loss at step 7 is no number"}],
    "recommendation": {"advice": "adapt", "row": 2, "prompt": 1, "refused": {}},
    "rules": {"margin": 0.05, "regression_rate": 0.06, "forgetting": 0.5},
    "prices": {"currency": "EUR"},
    "watched": 2,
    "risks": [
        {"risk": "no-effect", "graded": True, "answers": 400, "guard": "drift.words_2", "delay": 8,
         "ends_by": "grades", "exposure": 47, "suspicion_line": 1_000.0, "line": 100_000.0},
        {"risk": "too-few", "graded": False, "answers": 400, "unknown": "38 answers are too few"},
    ],
    "environment": {"python": "3.11.7"},
}  # fmt: skip


class _Page(HTMLParser):
    """Parts a page into figures with their paths, and the rest of its text."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[tuple[str, str, str]] = []
        self.rest = ""
        self._open: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img"):
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        tag, own = self._open[-1] if self._open else ("", {})
        if "data-of" in own:
            self.figures.append((own["data-of"] or "", own["data-as"] or "", data))
        elif tag not in ("style", "code") and "data-text" not in own:
            self.rest += data


def _read(language: str) -> _Page:
    page = _Page()
    page.feed(pilot.html(TOLD, language))
    return page


@pytest.mark.slow
@pytest.mark.parametrize("language", pilot.LANGUAGES)
def test_every_figure_equals_the_json(language: str) -> None:
    """What stands at a path is what the page shows there, and no digit stands elsewhere."""
    page = _read(language)
    assert len(page.figures) > 60
    for path, form, shown in page.figures:
        value = pilot.at(TOLD, path)
        assert shown == ("–" if value is None else pilot.FORMS[form](value)), path
    assert re.findall(r"\d", page.rest) == []


@pytest.mark.slow
def test_both_languages_show_the_same_figures() -> None:
    """A translation changes words alone."""
    english, japanese = map(_read, ("en", "ja"))
    assert english.figures == japanese.figures
    assert english.rest != japanese.rest


def test_the_languages_have_the_same_words() -> None:
    """No word is missing in one of them."""
    assert WORDS["en"].keys() == WORDS["ja"].keys()


def test_a_figure_that_is_not_there_is_an_error() -> None:
    """A figure is never shown as empty by mistake."""
    with pytest.raises(KeyError):
        pilot.figure(TOLD, "rows/0/no_such", "count")
