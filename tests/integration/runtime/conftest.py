"""A house with three registered versions and a golden set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from monitor.ports.stores import Stores
from monitor.storage.stores import open_stores
from tests.integration.runtime.house import (
    V1,
    V2,
    V3,
    Answers,
    Folders,
    House,
    build,
    import_golden,
    register,
)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """The adapters' files."""
    return Folders(tmp_path)


@pytest.fixture
def stores(engine: Engine, folders: Folders) -> Stores:
    """Every store, with three registered versions and a golden set of 40 cases."""
    opened = open_stores(engine, folders)
    import_golden(opened)
    register(opened, V1, V2, V3)
    return opened


@pytest.fixture
def answers() -> Answers:
    """What the engine answers."""
    return Answers()


@pytest.fixture
async def house(stores: Stores, answers: Answers) -> AsyncIterator[House]:
    """A running replica that serves the base model and leads."""
    house = build(stores, answers=answers)
    await house.loop.versions.fingerprint_base()
    await house.tick()
    yield house
    await house.close()
