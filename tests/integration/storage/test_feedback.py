"""Tests of `monitor.storage.feedback`."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import BadRequest, NotFound
from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, record, scored

pytestmark = pytest.mark.integration


def test_feedback_is_kept_with_its_answer(stores: Stores, engine: Engine) -> None:
    """Score and comment are stored, also where the comment holds what Postgres refuses."""
    record(stores, scored(1))
    stores.feedback.add_feedback("chatcmpl-1", 0.0, "wrong\0", NOW)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT exchange, score, comment FROM feedback")).one()
    assert tuple(row) == ("chatcmpl-1", 0.0, "wrong\ufffd")


def test_feedback_to_an_unknown_answer_is_refused(stores: Stores) -> None:
    """The refusal names the id."""
    with pytest.raises(NotFound, match="chatcmpl-9"):
        stores.feedback.add_feedback("chatcmpl-9", 1.0, None, NOW)


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_outside_of_its_range_is_refused(stores: Stores, score: float) -> None:
    """A score is a number in [0, 1]."""
    with pytest.raises(BadRequest, match="not in"):
        stores.feedback.add_feedback("chatcmpl-1", score, None, NOW)
