"""Incidents."""

from datetime import UTC, datetime

import pytest

from rollback.incident import Incident, Phase


def test_a_naive_moment_is_refused() -> None:
    """Every moment of the timeline is aware."""
    with pytest.raises(ValueError, match="incident 7: proved_at must be timezone-aware"):
        Incident(
            id="7",
            deployment="support",
            opened_at=datetime(2026, 1, 1, tzinfo=UTC),
            phase=Phase.PROVED,
            from_version="support@2",
            to_version=None,
            reason="faults",
            actor="backstop",
            epoch=5,
            proved_at=datetime(2026, 1, 1),  # noqa: DTZ001
        )
