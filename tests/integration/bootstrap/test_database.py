"""The embedded server under supervision."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import exc, text

from monitor.bootstrap import database
from monitor.bootstrap.database import EmbeddedDatabase
from monitor.config import Config, DeploymentConfig, LocalEngine
from monitor.storage import postmaster

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def _answers(supervised: EmbeddedDatabase) -> bool:
    try:
        with supervised.engine.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one() == 1)
    except exc.OperationalError:
        return False


async def test_a_server_that_was_killed_is_brought_back(short_path: Path) -> None:
    """After kill -9 of the postmaster the same engine works again, and nobody did anything."""
    config = Config(
        data_dir=short_path / "supervised",
        database=SecretStr(database.EMBEDDED),
        engine=LocalEngine(model=short_path),
        deployments={"support": DeploymentConfig()},
    )
    cluster = config.data_dir / "postgres" / "cluster"
    with database.embedded(config) as supervised:
        assert _answers(supervised)
        killed = postmaster.running(cluster)
        assert killed is not None
        supervising = asyncio.create_task(supervised.supervise())
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(60):
            while postmaster.running(cluster) in (None, killed) or not await asyncio.to_thread(
                _answers, supervised
            ):
                await asyncio.to_thread(_answers, supervised)
        supervising.cancel()
        await asyncio.gather(supervising, return_exceptions=True)
