"""Tests of `monitor.storage.evidence`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.ports.stores import Stores
from tests.integration.storage.builders import (
    NOW,
    SECOND,
    V1,
    add_verified,
    point,
    promotion,
    state,
    version,
)

pytestmark = pytest.mark.integration


def test_the_curve_comes_back_oldest_first(stores: Stores) -> None:
    """Points come back as they were, from the moment asked for."""
    stores.evidence.save([point(3), point(1), point(2)], [], {})
    assert stores.evidence.curve("support", NOW + 2 * SECOND) == [point(2), point(3)]


def test_infinite_evidence_is_kept(stores: Stores) -> None:
    """Evidence that has grown over every number is no error."""
    infinite = replace(point(1), evidence=float("inf"), channels={"faults": float("inf")})
    stores.evidence.save([infinite, infinite], [], {})
    assert stores.evidence.curve("support", NOW) == [infinite]


def test_the_newest_state_is_kept(stores: Stores) -> None:
    """A state of an older epoch or position changes nothing."""
    states = [state(5, epoch=2, a=1), state(9, epoch=1, a=2), state(4, epoch=2, a=3)]
    stores.evidence.save([], states, {})
    assert stores.evidence.judge_state("support") == state(5, epoch=2, a=1)


def test_a_state_comes_back_to_the_last_bit(stores: Stores) -> None:
    """Floats of a state are exact, infinities too, so that a judge goes on as if never stopped."""
    content = {"capital": 0.1 + 0.2, "log": float("-inf"), "huge": 1e300, "zero": -0.0}
    stores.evidence.save([], [state(1, **content)], {})
    found = stores.evidence.judge_state("support")
    assert found is not None
    assert repr(found.state) == repr(content)


def test_a_state_from_before_a_flip_is_none(stores: Stores) -> None:
    """A judge that writes late, under the epoch before, leaves no state for the new one."""
    stores.deployments.ensure("support")
    add_verified(stores, version(V1, "v1"))
    stores.evidence.save([], [state(7, epoch=0)], {})
    stores.deployments.flip(promotion(V1, None, 0))
    assert stores.evidence.judge_state("support") is None
    stores.evidence.save([], [state(8, epoch=0)], {})
    assert stores.evidence.judge_state("support") is None
    stores.evidence.save([], [state(1, epoch=1)], {})
    assert stores.evidence.judge_state("support") == state(1, epoch=1)


def test_a_reference_is_frozen_once(stores: Stores) -> None:
    """A second reference of a version changes nothing; each version has its own."""
    stores.evidence.save_reference(None, "support", b"base", 150, NOW)
    stores.evidence.save_reference(V1, "support", b"one", 150, NOW)
    stores.evidence.save_reference(V1, "support", b"two", 150, NOW)
    assert stores.evidence.reference("support", V1) == b"one"
    assert stores.evidence.reference("support", None) == b"base"
    assert stores.evidence.reference("other", V1) is None


def test_the_newest_point_is_of_the_epoch_asked_for(stores: Stores) -> None:
    """An epoch without an answer has none, whatever there was before."""
    stores.evidence.save([point(2), point(1), point(9, epoch=0)], [], {})
    assert stores.evidence.newest("support", 1) == point(2)
    assert stores.evidence.newest("support", 2) is None


def test_a_long_curve_is_thinned_and_no_crossing_is_lost(stores: Stores) -> None:
    """Of 1,000 points few come back: the first over each line and the newest are among them."""
    suspected = [replace(point(n), suspicion=100.0) for n in (417, 418, 903)]
    harmful = [replace(point(n), evidence=1000.0, suspicion=100.0) for n in (418, 904)]
    crossing = {each.position: each for each in (*suspected, *harmful)}
    points = [crossing.get(n, point(n)) for n in range(1, 1001)]
    stores.evidence.save(points, [], {})
    curve = stores.evidence.curve("support", NOW, most=10)
    assert len(curve) <= 10 * 3 + 1
    assert {417, 418, 903, 904, 1000} <= {each.position for each in curve}
    assert curve == sorted(curve, key=lambda each: each.position)


def test_each_epoch_is_thinned_by_itself(stores: Stores) -> None:
    """A short epoch beside a long one comes whole, and nothing from outside the span."""
    long = [point(n, epoch=1) for n in range(1, 101)]
    short = [replace(point(n, epoch=2), at=NOW + 200 * SECOND + n * SECOND) for n in (1, 2, 3)]
    stores.evidence.save([*long, *short], [], {})
    curve = stores.evidence.curve("support", NOW, most=5)
    assert [each for each in curve if each.epoch == 2] == short
    assert len(curve) <= 5 + 1 + 3
    until = stores.evidence.curve("support", NOW + 90 * SECOND, until=NOW + 95 * SECOND)
    assert [each.position for each in until] == [90, 91, 92, 93, 94]


def test_a_later_point_takes_the_place_of_an_earlier_one(stores: Stores) -> None:
    """What a golden run proves after the last answer is on the curve; a repeat changes nothing."""
    golden = replace(point(1), at=NOW + 9 * SECOND, evidence=5000.0, channels={"golden": 9e3})
    for points in ([point(1)], [golden], [point(1), point(2)]):
        stores.evidence.save(points, [], {})
    assert stores.evidence.curve("support", NOW) == [point(2), golden]


def test_the_first_draft_of_an_epoch_stays(stores: Stores) -> None:
    """Two scorers may offer one: the second changes nothing, and other epochs have none."""
    stores.evidence.draft_reference("support", None, 1, b"first", 150)
    stores.evidence.draft_reference("support", None, 1, b"second", 151)
    assert stores.evidence.drafted("support", 1) == (b"first", 150)
    assert stores.evidence.drafted("support", 2) is None
    assert stores.evidence.drafted("other", 1) is None


def test_a_flip_forgets_the_drafts_of_the_past(stores: Stores) -> None:
    """A draft offered under the epoch that ends is of no more use; the next epoch's stays."""
    stores.deployments.ensure("support")
    add_verified(stores, version(V1, "v1"))
    for epoch in (0, 1):
        stores.evidence.draft_reference("support", None, epoch, b"scores", 150)
    stores.deployments.flip(promotion(V1, None, 0))
    assert stores.evidence.drafted("support", 0) is None
    assert stores.evidence.drafted("support", 1) == (b"scores", 150)
