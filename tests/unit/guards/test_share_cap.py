"""The cap on a caller's share of what counts."""

from __future__ import annotations

import numpy as np
import pytest

from guards.share_cap import ShareCap, hashed, shares

MANY = {f"caller-{n}": 0.02 for n in range(50)}


def _counted(cap: ShareCap, callers: list[str | None]) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    for caller, counts in zip(callers, cap.update(callers).tolist(), strict=True):
        found[caller] = found.get(caller, 0) + counts
    return found


def _flood(rng: np.random.Generator, share: float, size: int) -> list[str | None]:
    """Return the ordinary callers with one that sends `share` of all."""
    ordinary = list(MANY)
    return [
        "flood" if rng.uniform() < share else ordinary[int(rng.integers(50))] for _ in range(size)
    ]


@pytest.mark.parametrize("share", [0.5, 10 / 11])
def test_a_flood_is_at_most_its_share_of_what_counts(share: float) -> None:
    """However much it sends: the others count as before."""
    callers = _flood(np.random.default_rng(0), share, 3000)
    found = _counted(ShareCap(0.05, MANY), callers)
    assert found["flood"] <= 0.06 * sum(found.values())
    assert sum(found.values()) - found["flood"] >= 0.9 * (3000 - callers.count("flood"))


def test_no_quiet_saves_up_a_burst() -> None:
    """After hundreds of answers of others two in a row count, and each further one after 19 more."""
    cap = ShareCap(0.05, MANY)
    others = [f"caller-{n}" for n in range(1, 50)]
    cap.update(others * 6)
    assert cap.update(["caller-0"] * 20).tolist() == [True, True] + [False] * 18
    assert cap.update(others[:19]).all()
    assert cap.update(["caller-0"] * 2).tolist() == [True, False]


@pytest.mark.parametrize("callers", [2, 3, 4, 6, 10, 50])
def test_callers_that_are_what_they_were_count_nearly_all(callers: int) -> None:
    """In whatever random order they come."""
    usual = {f"caller-{n}": 1 / callers for n in range(callers)}
    order = np.random.default_rng(1).integers(callers, size=5000)
    cap = ShareCap(0.05, usual)
    assert cap.update([f"caller-{n}" for n in order]).mean() >= 0.9


def test_only_callers_whose_bucket_is_not_full_are_kept() -> None:
    """However many there were: at most those of the last answers that counted."""
    cap = ShareCap(0.05, MANY)
    cap.update([name for n in range(2000) for name in ("caller-0", f"new-{n}")])
    assert len(cap.state()["full_at"]) <= 41


def test_a_caller_may_be_twice_what_it_was_in_the_reference() -> None:
    """A big customer that was there when the reference was made goes on counting."""
    callers: list[str | None] = ["big", "big", "small", "other", "third"] * 200
    usual = {"big": 0.2, "small": 0.1, "other": 0.3, "third": 0.3}
    found = _counted(ShareCap(0.05, usual), callers)
    assert found["big"] >= 395


@pytest.mark.parametrize("usual", [{"only": 1.0}, {"only": 0.5, "other": 0.5}])
def test_a_deployment_of_few_callers_is_not_capped(usual: dict[str, float]) -> None:
    """Whoever was half of the reference may be everything."""
    assert ShareCap(0.05, usual).update(["only"] * 400).all()


def test_unknown_callers_are_not_capped() -> None:
    """Nobody is named, now or in the reference."""
    assert ShareCap(0.05, {}).update(["a"] * 50).all()
    assert ShareCap(0.05, MANY).update([None] * 50).all()


def test_callers_who_replaced_all_others_count_after_a_window() -> None:
    """Renewed tokens do not leave a deployment unwatched."""
    cap = ShareCap(0.05, MANY, window=100)
    assert cap.update(["renewed"] * 100).sum() == 2
    assert cap.update(["renewed"] * 100).all()


def test_a_cap_of_1_is_none() -> None:
    """For who wants every answer to count."""
    assert ShareCap(1.0, MANY).update(["flood"] * 50).all()


@pytest.mark.parametrize("cap", [0.0, 1.5])
def test_a_cap_out_of_range_is_refused(cap: float) -> None:
    """Nobody would count, or nothing is meant."""
    with pytest.raises(ValueError, match="share"):
        ShareCap(cap, MANY)


def test_callers_are_known_by_keyed_hashes_alone() -> None:
    """Equal under one key, others under another."""
    assert hashed("token", b"key") == hashed("token", b"key")
    assert hashed("token", b"key") != hashed("token", b"other")
    assert shares([None, None]) == {}
