"""Scheduled reports: each slot's are written once, and told once however often it is repeated."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from monitor.errors import BackstopError
from monitor.ports.alerts import Notice
from monitor.ports.stores import Stores
from monitor.reports import data, render
from monitor.reports.data import FleetReport, HealthReport
from monitor.reports.period import Period
from monitor.reports.render import Format
from monitor.reports.wording import Wording
from monitor.reports.words import Language
from monitor.runtime.jobs import Job

_FORMS = (Format.HTML, Format.MARKDOWN, Format.JSON)
_LENGTHS = {"report": timedelta(days=1), "report_weekly": timedelta(days=7)}
_FLEET = "@fleet"  # no deployment has such a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The jobs that write reports.

    Args:
        deployments: of which there is one each.
        folder: where they are kept, each as HTML, Markdown and JSON.
        is_fleet_wanted: whether one of all comes beside them.
    """

    stores: Stores
    deployments: Sequence[str]
    folder: Path
    language: Language
    is_fleet_wanted: bool

    def jobs(self) -> Mapping[str, Job]:
        """Return the jobs by the names that the schedule uses."""
        return {name: partial(self._write_all, name) for name in _LENGTHS}

    async def _write_all(self, job: str, slot: datetime) -> None:
        """Write the reports of the time before a slot, and tell their verdicts."""
        await asyncio.to_thread(self._write_each, job, slot.astimezone(UTC))

    def _write_each(self, job: str, slot: datetime) -> None:
        period = Period.ending(slot, _LENGTHS[job])
        found = [each for each in self.stores.deployments.all() if each.name in self.deployments]
        every = data.fleet(self.stores, found, period)
        for report in every.reports:
            self._tell(job, slot, report.deployment.name, report)
        if self.is_fleet_wanted:
            self._tell(job, slot, _FLEET, every)

    def _tell(
        self, job: str, slot: datetime, name: str, report: HealthReport | FleetReport
    ) -> None:
        path = self._written(f"{job}-{name}-{slot:%Y%m%dT%H%M%SZ}", report)
        words = Wording(self.language)
        title = words.say("fleet") if name == _FLEET else name
        notice = Notice(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job}:{name}:{slot.isoformat()}")),
            kind="report",
            severity="info",
            title=f"{title}: {words.say('health_report')}",
            facts={**_facts(words, report), "report": str(path)},
            created_at=datetime.now(UTC),
        )
        self.stores.outbox.put(notice)

    def _written(self, stem: str, report: HealthReport | FleetReport) -> Path:
        """Write a report in every form; return where the page is."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for form in _FORMS:
                content = render.render(report, form, self.language)
                (self.folder / f"{stem}.{form.value}").write_text(content, encoding="utf-8")
        except OSError as error:
            raise BackstopError(f"{self.folder}: no report written: {error.strerror}") from error
        return self.folder / f"{stem}.{Format.HTML.value}"


def _facts(words: Wording, report: HealthReport | FleetReport) -> Mapping[str, Any]:
    if isinstance(report, HealthReport):
        return {
            "deployment": report.deployment.name,
            "reason": words.verdict(report),
            "answers": report.answers,
        }
    return {
        "reason": " ".join(
            f"{each.deployment.name}: {words.verdict(each)}" for each in report.reports
        ),
        "answers": sum(each.answers for each in report.reports),
    }
