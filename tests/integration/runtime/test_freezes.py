"""Freezing: nothing moves by itself any more, and a person is called once."""

from __future__ import annotations

import pytest

from monitor.errors import Conflict
from rollback.incident import Phase
from tests.integration.runtime.house import NAME, V1, House

pytestmark = pytest.mark.integration


@pytest.fixture
async def frozen(house: House) -> House:
    """A house whose only version does harm."""
    await house.promote(V1)
    await house.serve(60, broken=True)
    await house.tick()
    return house


async def test_harm_without_a_way_back_freezes(frozen: House) -> None:
    """The first version has nothing to fall back to, and the base model may not serve."""
    deployment = await frozen.deployment()
    assert deployment.active == V1
    assert deployment.frozen is not None
    assert "no good version is left" in deployment.frozen


async def test_a_freeze_pages_once(frozen: House) -> None:
    """One incident and one notice under one id, however many ticks follow."""
    await frozen.tick()
    await frozen.tick()
    (incident,) = await frozen.incidents()
    assert incident.phase is Phase.FROZEN
    told = await frozen.tell()
    assert told.count(incident.id) == 1
    assert next(n for n in frozen.pager.notices if n.id == incident.id).kind == "freeze"


async def test_a_person_may_roll_back_what_is_frozen(frozen: House) -> None:
    """Frozen means that nothing moves by itself; what a person decides settles it."""
    incident = await frozen.operations.roll_back(NAME, to="base", actor="ann", reason="base it is")
    assert incident.to_version is None
    after = await frozen.deployment()
    assert (after.active, after.frozen) == (None, None)


async def test_without_an_earlier_good_version_a_rollback_must_name_the_base_model(
    frozen: House,
) -> None:
    """Nobody lands on the bare base model by asking once more."""
    with pytest.raises(Conflict, match="--to base"):
        await frozen.operations.roll_back(NAME, to=None, actor="ann", reason="again")


async def test_a_thaw_needs_something_frozen(frozen: House) -> None:
    """The mark goes, with an audit row; a second thaw is a mistake."""
    thawed = await frozen.operations.thaw(NAME, actor="ann", reason="looked at it")
    assert thawed.frozen is None
    assert list(frozen.stores.audit.rows())[-1].payload["frozen"] is None
    with pytest.raises(Conflict, match="not frozen"):
        await frozen.operations.thaw(NAME, actor="ann", reason="again")
