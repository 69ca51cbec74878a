"""Which HTTP status an error is."""

from __future__ import annotations

import pytest

from monitor import errors
from monitor.web.statuses import error_body, status_of


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (errors.ConfigError("x"), 500, "config_error"),
        (errors.BadRequest("x"), 400, "bad_request"),
        (errors.BadAdapter("x"), 400, "bad_adapter"),
        (errors.BadGoldenSet("x"), 400, "bad_golden_set"),
        (errors.NotFound("x"), 404, "not_found"),
        (errors.Conflict("x"), 409, "conflict"),
        (errors.GateRefused("x"), 409, "gate_refused"),
        (errors.Unauthorized("x"), 401, "unauthorized"),
        (errors.Forbidden("x"), 403, "forbidden"),
        (errors.EngineError("x"), 502, "engine_error"),
        (errors.Unavailable("x"), 503, "unavailable"),
        (errors.DatabaseUnavailable("x"), 503, "unavailable"),
        (errors.DeliveryError("x"), 500, "internal_error"),
    ],
)
def test_every_error_has_a_status(error, status, kind):
    """The nearest class of the tree decides."""
    assert status_of(error) == (status, kind)


def test_numbers_stand_in_the_body_only_where_there_are_some():
    """The shape is the same for every error."""
    assert error_body("m", "k") == {"error": {"message": "m", "type": "k"}}
    assert error_body("m", "k", {"a": 1})["error"]["numbers"] == {"a": 1}
