"""The other deployments on an engine."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from rollback.neighbours import Neighbour, Trouble, look
from rollback.situation import Neighbours
from rollback.thresholds import Side

_NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
_SLOW = Trouble(indicator="latency_p95_s", side=Side.ABOVE, limit=2.0, lasting=timedelta(minutes=5))


@dataclass(frozen=True)
class _Minute:
    bucket: datetime
    value: float
    name: str
    adapter: str | None = "v"
    count: int = 10


def _other(before: float | None, now: float | None, name: str = "latency_p95_s") -> Neighbour:
    """Return a deployment with a value twenty minutes ago and one two minutes ago."""
    values = {20: before, 2: now}
    start = _NOW.replace(second=0)
    return Neighbour(
        active="v",
        indicators=[
            _Minute(start - timedelta(minutes=ago), value, name)
            for ago, value in values.items()
            if value is not None
        ],
    )


@pytest.mark.parametrize(
    ("before", "now", "hit"),
    [
        (1.0, 3.0, 1),  # beyond the limit now, and not before
        (3.0, 3.0, 0),  # always so slow
        (3.0, 4.6, 1),  # half as slow again as it was
        (0.2, 0.5, 1),  # the same far below the limit
        (0.2, 0.25, 0),
        (None, 3.0, 1),
        (None, 1.0, 0),
    ],
)
def test_a_deployment_is_hit_if_it_became_worse(before: float | None, now: float, hit: int) -> None:
    """A limit of another deployment says little about what is usual here."""
    assert look(_SLOW, [_other(before, now)], _NOW) == Neighbours(count=1, hit=hit)


def test_a_deployment_without_values_now_does_not_count() -> None:
    """Neither as hit nor as well."""
    assert look(_SLOW, [_other(1.0, None), _other(1.0, 1.0)], _NOW) == Neighbours(count=1, hit=0)


def test_a_share_is_hit_only_beyond_the_limit() -> None:
    """From one fault in a thousand to two is no trouble of the engine."""
    faults = Trouble(
        indicator="fault_rate", side=Side.ABOVE, limit=0.05, lasting=timedelta(minutes=5)
    )
    few, many = (_other(0.001, now, "fault_rate") for now in (0.002, 0.5))
    assert look(faults, [few, many], _NOW) == Neighbours(count=2, hit=1)


def test_where_small_values_are_harm_it_is_the_other_way_round() -> None:
    """A rate of tokens that fell by a third is hit."""
    slow = Trouble(
        indicator="tokens_per_s", side=Side.BELOW, limit=5.0, lasting=timedelta(minutes=5)
    )
    fallen, steady = (_other(30.0, now, "tokens_per_s") for now in (20.0, 21.0))
    assert look(slow, [fallen, steady], _NOW) == Neighbours(count=2, hit=1)
