"""Which version a deployment falls back to."""

from datetime import datetime

import pytest

from rollback.deployment import Deployment, baseline_after_promotion, baseline_after_rollback

_V1, _V2, _V3 = (f"support@{n:012x}" for n in (1, 2, 3))


def _deployment(active: str | None, baseline: str | None, confirmed: bool = False) -> Deployment:
    return Deployment(name="support", active=active, baseline=baseline, confirmed=confirmed)


def test_a_confirmed_version_becomes_the_baseline_at_the_next_promotion() -> None:
    """It has shown itself good in live traffic."""
    assert baseline_after_promotion(_deployment(_V2, _V1, confirmed=True), _V3) == _V2


def test_an_unconfirmed_version_does_not_push_the_baseline_out() -> None:
    """Nothing is known of it yet."""
    assert baseline_after_promotion(_deployment(_V2, _V1), _V3) == _V1


def test_where_there_is_no_baseline_the_active_version_serves_as_one() -> None:
    """It passed the gate, which is more than nothing."""
    assert baseline_after_promotion(_deployment(_V1, None), _V2) == _V1


def test_the_first_version_has_no_baseline() -> None:
    """The base model is no version."""
    assert baseline_after_promotion(_deployment(None, None), _V1) is None


def test_a_version_is_never_its_own_baseline() -> None:
    """Neither when it is promoted again nor when it comes back."""
    assert baseline_after_promotion(_deployment(_V2, _V1), _V1) == _V2
    assert baseline_after_promotion(_deployment(_V1, _V1, confirmed=True), _V1) is None
    assert baseline_after_rollback(_deployment(_V2, _V1), _V1) is None


def test_a_rollback_past_the_baseline_keeps_it() -> None:
    """A person may choose another version while the baseline is still good."""
    assert baseline_after_rollback(_deployment(_V3, _V2), _V1) == _V2


def test_a_naive_time_of_promotion_is_refused() -> None:
    """All times are aware."""
    with pytest.raises(ValueError, match="deployment support: promoted_at"):
        Deployment(name="support", promoted_at=datetime(2026, 1, 1))  # noqa: DTZ001
