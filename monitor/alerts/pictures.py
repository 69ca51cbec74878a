"""The evidence of an alert as a picture."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from monitor.ports.alerts import Notice
from monitor.ports.evidence import EvidenceStore
from monitor.reports import chart

log = structlog.get_logger(__name__)

_BACK = timedelta(hours=24)
_POINTS = 200
_SHOWN = frozenset({"rollback", "proved", "unproved", "freeze", "suspicion", "threshold"})


class Pictures:
    """Draws the evidence curve of the day before a notice."""

    def __init__(self, evidence: EvidenceStore) -> None:
        self._evidence = evidence

    def of(self, notice: Notice) -> bytes | None:
        """Return a PNG, or `None` where there is nothing to draw; blocks.

        A message without its picture is better than none: what prevents it is only logged.
        """
        deployment = notice.facts.get("deployment")
        if notice.kind not in _SHOWN or not isinstance(deployment, str):
            return None
        try:
            return self._drawn(deployment, notice.created_at)
        except Exception as error:  # whatever it is: the words must leave
            log.warning("alert without its picture", notice=notice.id, error=str(error))
            return None

    def _drawn(self, deployment: str, at: datetime) -> bytes | None:
        points = self._evidence.curve(
            deployment, at - _BACK, until=at + timedelta(minutes=1), most=_POINTS
        )
        return chart.evidence_png(points) if points else None
