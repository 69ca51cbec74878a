"""Reports that come by the clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.ports.stores import Stores
from monitor.reports.words import Language
from monitor.scheduler.reports import Reports
from tests.integration.web.story import trouble

pytestmark = pytest.mark.integration


def test_a_slot_that_is_run_again_tells_nobody_twice(stores: Stores, tmp_path: Path) -> None:
    """Each deployment and the fleet have their files in three forms, and one notice."""
    slot = datetime.now(UTC)
    trouble(stores, slot)
    before = {each.notice for each in stores.inventory.deliveries(100)}
    reports = Reports(
        stores=stores,
        deployments=("support",),
        folder=tmp_path,
        language=Language.JA,
        is_fleet_wanted=True,
    )
    for _ in range(2):
        asyncio.run(_done(reports, slot))
    told = [each for each in stores.inventory.deliveries(100) if each.notice not in before]
    assert sorted(each.title for each in told) == [
        "support: 健全性レポート",
        "全デプロイメント: 健全性レポート",
    ]
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [
        ".html",
        ".html",
        ".json",
        ".json",
        ".md",
        ".md",
    ]


async def _done(reports: Reports, slot: datetime) -> None:
    await reports.jobs()["report_weekly"](slot)
