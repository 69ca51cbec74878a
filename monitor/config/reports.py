"""What scheduled reports are like."""

from __future__ import annotations

from typing import Literal

from monitor.config.section import Section


class ReportsConfig(Section):
    """How reports that come by the schedule are written.

    Args:
        language: `en` or `ja`.
        fleet: whether a report of all deployments comes beside one of each.
    """

    language: Literal["en", "ja"] = "en"
    fleet: bool = False
