"""Whether the base model is still the one that it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from monitor.engines.memory import MemoryEngine
from monitor.errors import EngineError
from monitor.ports.versions import Fingerprint
from monitor.runtime import fingerprints
from monitor.runtime.base_probe import BaseProbe
from monitor.runtime.errands import Errands
from monitor.runtime.troubles import Troubles
from tests.unit.monitor.runtime.shelf import Shelf

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class _Base:
    """A base model that a test changes."""

    def __init__(self) -> None:
        self.says: list[str] = ["b", "a", "s", "e"]
        self.is_broken = False

    def __call__(self, generation: object, version: str | None) -> list[str]:
        if self.is_broken:
            raise EngineError("away")
        return self.says


@pytest.fixture
def base() -> _Base:
    """The base model."""
    return _Base()


async def _probe(base: _Base, *, stored: bool = True) -> tuple[BaseProbe, Errands]:
    engine = MemoryEngine(cast(Any, base))
    shelf = Shelf(dict[str, Path]())
    if stored:
        found: Fingerprint = await fingerprints.take(engine, None)
        shelf.fingerprint(None, "e", found)
    errands = Errands(Troubles())
    return BaseProbe(engine, cast(Any, shelf), "e", errands), errands


async def _after(probe: BaseProbe, errands: Errands, at: datetime) -> bool | None:
    """Ask, wait for the answer, and return it."""
    probe.changed(at)
    await errands.done()
    return probe.changed(at)


async def test_the_same_base_model_has_not_changed(base: _Base) -> None:
    """It is not known until it was asked."""
    probe, errands = await _probe(base)
    assert probe.changed(_NOW) is None
    await errands.done()
    assert probe.changed(_NOW) is False


async def test_another_base_model_under_the_same_name_is_found(base: _Base) -> None:
    """As soon as what is known is old."""
    probe, errands = await _probe(base)
    assert await _after(probe, errands, _NOW) is False
    base.says = ["x"]
    assert await _after(probe, errands, _NOW + timedelta(seconds=90)) is False
    assert await _after(probe, errands, _NOW + timedelta(minutes=3)) is True


async def test_an_engine_that_does_not_answer_says_nothing(base: _Base) -> None:
    """Nor does one whose base model was never asked."""
    probe, errands = await _probe(base)
    base.is_broken = True
    assert await _after(probe, errands, _NOW) is None
    unknown, errands = await _probe(_Base(), stored=False)
    assert await _after(unknown, errands, _NOW) is None
