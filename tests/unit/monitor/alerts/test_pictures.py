"""The evidence of an alert as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.alerts.pictures import Pictures
from monitor.errors import DatabaseUnavailable
from rollback.evidence import EvidencePoint
from tests.unit.monitor.alerts.builders import notice


class _Evidence:
    """Gives one curve, or fails."""

    def __init__(self, curve: Sequence[EvidencePoint] | Exception) -> None:
        self._curve = curve

    def curve(self, deployment: str, since: datetime, **limits: Any) -> Sequence[EvidencePoint]:
        """Return the curve."""
        if isinstance(self._curve, Exception):
            raise self._curve
        return self._curve


def _of(curve: Sequence[EvidencePoint] | Exception, **facts: Any) -> bytes | None:
    told = notice(**facts)
    return Pictures(_Evidence(curve)).of(told)  # type: ignore[arg-type]


@pytest.mark.parametrize("failure", [DatabaseUnavailable("away"), ValueError("a defect")])
def test_what_prevents_a_picture_does_not_prevent_its_message(failure: Exception) -> None:
    """The words must leave."""
    assert _of(failure, deployment="support") is None


def test_without_evidence_there_is_nothing_to_draw() -> None:
    """Nor for what concerns no deployment, or is no matter of evidence."""
    assert _of([], deployment="support") is None
    assert _of(ValueError("not asked")) is None
    assert _of(ValueError("not asked"), kind="report", deployment="support") is None


@pytest.mark.slow
def test_evidence_is_drawn() -> None:
    """As a PNG."""
    points = [
        EvidencePoint(
            deployment="support",
            adapter=None,
            epoch=1,
            position=number,
            at=datetime(2026, 1, 1, minute=number, tzinfo=UTC),
            evidence=2.0**number,
            line=1000.0,
            suspicion=1.0,
            suspicion_line=100.0,
        )
        for number in range(10)
    ]
    picture = _of(points, deployment="support")
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 20_000
