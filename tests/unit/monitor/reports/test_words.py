"""The catalogues of a report's words."""

from __future__ import annotations

from string import Formatter

import pytest

from monitor.reports.condition import Condition
from monitor.reports.todo import Task
from monitor.reports.words import CATALOGUES, Language


def places(text: str) -> set[str | None]:
    """Return the names of what stands in a text's places."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_says_the_same():
    """All catalogues have the same keys, with the same values in their places."""
    english = CATALOGUES[Language.EN]
    for language in Language:
        words = CATALOGUES[language]
        assert words.keys() == english.keys()
        assert [key for key in words if places(words[key]) != places(english[key])] == []


@pytest.mark.parametrize("language", Language)
def test_every_condition_and_task_has_its_words(language: Language):
    """A new one without words fails here, and not in a report."""
    words = CATALOGUES[language]
    assert {f"verdict.{each.value}" for each in Condition} <= words.keys()
    assert {f"condition.{each.value}" for each in Condition} <= words.keys()
    assert {f"todo.{each.value}" for each in Task} <= words.keys()
