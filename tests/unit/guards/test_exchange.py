"""The exchange."""

from __future__ import annotations

from datetime import datetime

import pytest

from guards.exchange import FinishReason, Message
from tests.unit.guards.samples import exchange


def test_a_naive_time_is_refused() -> None:
    """Times without a zone cannot be compared."""
    with pytest.raises(ValueError, match="timezone-aware"):
        exchange(started_at=datetime(2025, 6, 1))  # noqa: DTZ001


def test_the_prompt_is_the_last_turn() -> None:
    """What was said before is context."""
    turns = (Message(role="system", content="s"), Message(role="user", content="u"))
    assert exchange(messages=turns).prompt == "u"
    assert exchange(messages=()).prompt == ""


def test_a_cut_answer_is_complete_and_a_missing_rest_is_not() -> None:
    """An answer at its limit is whole as far as its caller is concerned."""
    assert exchange(finish_reason=FinishReason.LENGTH).is_complete
    assert not exchange(finish_reason=FinishReason.ABANDONED).is_complete
    assert not exchange(finish_reason=FinishReason.INCOMPLETE).is_complete
