"""What a service does once it stands: golden sets, the clock, and a word to whoever started it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from guards import golden
from monitor.bootstrap import tokens
from monitor.bootstrap.files import DeploymentFiles
from monitor.config import Config
from monitor.errors import Unavailable
from monitor.ports.stores import Stores
from monitor.runtime.wakers import Wakers
from monitor.scheduler.clock import Clock

log = structlog.get_logger(__name__)


async def import_golden(stores: Stores, read: Mapping[str, DeploymentFiles]) -> None:
    """Bring the golden sets that the configuration names to deployments that have none.

    A set that was imported while the service ran is newer than the file: it stays.
    """
    for name, each in read.items():
        if each.golden is None:
            continue
        present = await asyncio.to_thread(stores.golden.cases, name)
        if present and golden.set_digest(present) != golden.set_digest(each.golden):
            log.warning(
                "the golden set in use is not the configured file's; `backstop golden import` "
                "brings the file's in",
                deployment=name,
                cases=len(present),
            )
        if not present:
            await asyncio.to_thread(
                stores.golden.import_cases,
                name,
                each.golden,
                actor="configuration",
                at=datetime.now(UTC),
            )


def clock(config: Config, stores: Stores, wakers: Wakers) -> Clock:
    """Return the clock that inserts runs. Raises `ConfigError` for a schedule that is none."""
    loop = asyncio.get_running_loop()

    def on_slot(job: str, slot: datetime) -> None:
        try:
            stores.schedule.insert(job, slot)
        except Unavailable as error:
            log.error("slot not recorded", job=job, slot=slot.isoformat(), error=str(error))
        loop.call_soon_threadsafe(wakers.schedule.set)

    return Clock(config.schedule.jobs(), config.schedule.timezone, on_slot)


def announce(config: Config) -> None:
    """Say where the service is, and where its tokens lie."""
    url = f"{config.listen.url}/"
    operator, caller = (tokens.path_of(config.data_dir, who) for who in ("operator", "caller"))
    sys.stdout.write(
        f"Backstop is ready at {url}\n"
        f"  operators' token: {operator}\n"
        f"  callers' token:   {caller}\n"
    )
    sys.stdout.flush()
