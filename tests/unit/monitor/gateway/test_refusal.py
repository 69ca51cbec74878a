"""Errors as callers see them."""

from __future__ import annotations

import pytest

from monitor import errors
from monitor.gateway.refusal import BUSY, Refusal, failure


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BadRequest("x"), 400),
        (errors.Unauthorized("x"), 401),
        (errors.NotFound("x"), 404),
        (errors.EngineError("x"), 502),
        (errors.Unavailable("x"), 503),
        (errors.DatabaseUnavailable("x"), 503),
        (Refusal("x", BUSY), 429),
    ],
)
def test_every_error_has_its_status(error: errors.BackstopError, status: int) -> None:
    """Known errors keep their words."""
    failed = failure(error)
    assert failed.status.code == status
    assert failed.body["error"]["message"] == "x"


def test_an_unforeseen_error_tells_nothing() -> None:
    """What went wrong inside stays inside."""
    failed = failure(KeyError("secret"))
    assert failed.status.code == 500
    assert "secret" not in str(failed.body)
