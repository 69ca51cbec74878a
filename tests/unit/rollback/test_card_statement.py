"""What people state of a version."""

from __future__ import annotations

import pytest

from rollback import card_statement


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [({"limit": "x"}, "'limit' is no part of a card"), ({"limits": 3}, "limits must be a text")],
)
def test_what_is_no_statement_is_refused(mapping: dict[str, object], sentence: str) -> None:
    """Unknown keys and values that are no texts are named."""
    with pytest.raises(ValueError, match=sentence):
        card_statement.parse(mapping)


def test_only_what_was_said_is_kept() -> None:
    """Empty parts do not become facts."""
    assert card_statement.parse({"limits": "x", "data": ""}).as_mapping() == {"limits": "x"}


@pytest.mark.parametrize("told", [None, "text", {"unknown": "x"}])
def test_facts_without_a_readable_statement_state_nothing(told: object) -> None:
    """A card is shown whatever an older release has stored."""
    assert card_statement.of({"card": told}) == card_statement.Statement()
