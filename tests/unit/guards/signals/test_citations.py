"""Signals of citations and declared expressions."""

from __future__ import annotations

from typing import Any

import pytest

from guards.declared import Declared
from guards.exchange import Passage
from guards.signals import catalogue, citations
from tests.unit.guards.samples import exchange

FAQ = (Passage(id="1", text="a"), Passage(id="doc-2", text="b"))


def signals(output: str, **changes: Any) -> dict[str, float]:
    """Return the signals of an answer."""
    return catalogue.table([exchange(output, **changes)], citations.SIGNALS).mappings()[0]


def test_matches_is_the_share_of_the_expressions_kept_to() -> None:
    """Of those that must occur and of those that must not."""
    declared = Declared(must_match=(r"\bA-\d+", "Regards"), must_not_match=("(?i)guarantee",))
    assert signals("Order A-17. Regards", declared=declared)["matches"] == 1.0
    assert signals("Order A-17, we guarantee it.", declared=declared)["matches"] == 1 / 3
    assert "matches" not in signals("Order A-17.", declared=Declared())
    assert "matches" not in signals("Order A-17.")


@pytest.mark.parametrize("pattern", ["(", r"(a+)+\Z"])
def test_an_expression_that_cannot_be_searched_says_nothing(pattern: str) -> None:
    """One that is malformed, or takes too long."""
    declared = Declared(must_not_match=(pattern,))
    assert "matches" not in signals("a" * 5_000 + "b", declared=declared)


def test_where_passages_were_supplied_one_of_them_must_be_cited() -> None:
    """A marker of something else does not count, and is told apart."""
    assert signals("It is so [1].", context=FAQ) == {"cited": 1.0, "unknown_citations": 0.0}
    assert signals("So [1; doc-2], and [3].", context=FAQ)["unknown_citations"] == 1 / 3
    assert signals("It is so [9].", context=FAQ) == {"cited": 0.0, "unknown_citations": 1.0}
    assert signals("It is so.", context=FAQ) == {"cited": 0.0}


def test_a_declared_citation_is_due_in_every_answer() -> None:
    """With passages or without."""
    declared = Declared(citation=r"\(§ \d+\)")
    assert signals("See the terms (§ 7).", declared=declared) == {"cited": 1.0}
    assert signals("See the terms.", declared=declared) == {"cited": 0.0}


def test_without_passages_or_declaration_no_citation_is_due() -> None:
    """A marker in free text may be anything."""
    assert signals("It is so [1].") == {}


def test_links_and_boxes_are_no_citations() -> None:
    """Markdown writes both with brackets."""
    assert citations.markers("[a](https://example.com) [x] done [ ] open [doc.1]") == ("doc.1",)
