"""Versions that are spoilt on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from rollback.spoiling import Tensors, spoil
from rollback.spoilt_kind import Kind

_MODULES = ("base_model.model.layers.0.q_proj", "base_model.model.layers.1.q_proj")


def _adapter() -> Tensors:
    rng = np.random.default_rng(7)
    return {
        f"{module}.lora_{part}.weight": rng.normal(size=shape).astype(np.float32)
        for module in _MODULES
        for part, shape in (("A", (2, 6)), ("B", (8, 2)))
    }


@pytest.mark.parametrize("kind", Kind)
def test_the_same_seed_spoils_in_the_same_way(kind: Kind) -> None:
    """Every kind changes something, and twice the same."""
    good = _adapter()
    first, second = spoil(kind, good), spoil(kind, good)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert first.keys() != good.keys() or any(
        not np.array_equal(first[name], good[name]) for name in good
    )


def test_shuffled_and_wrong_base_keep_all_values_and_lose_their_places() -> None:
    """What a look at the spread of the values would pass is wrong all the same."""
    good = _adapter()
    for kind in (Kind.SHUFFLED, Kind.WRONG_BASE):
        spoilt = spoil(kind, good)
        own = np.sort(np.concatenate([each.ravel() for each in good.values()]))
        found = np.sort(np.concatenate([each.ravel() for each in spoilt.values()]))
        assert np.array_equal(own, found)


def test_scaled_is_ten_times_b_alone() -> None:
    """A stays, so that the change itself is ten times as large."""
    good = _adapter()
    spoilt = spoil(Kind.SCALED, good)
    for name, values in good.items():
        factor = 10.0 if "lora_B" in name else 1.0
        assert np.allclose(spoilt[name], values * factor)


def test_missing_keys_lack_one_module() -> None:
    """The last module's tensors are gone, both of them."""
    assert spoil(Kind.MISSING_KEYS, _adapter()).keys() == {
        f"{_MODULES[0]}.lora_A.weight",
        f"{_MODULES[0]}.lora_B.weight",
    }


def test_zeroed_changes_nothing_of_the_base() -> None:
    """Every B is zero."""
    spoilt = spoil(Kind.ZEROED, _adapter())
    assert not any(values.any() for name, values in spoilt.items() if "lora_B" in name)


def test_what_is_no_lora_is_refused() -> None:
    """There must be a B to spoil."""
    with pytest.raises(ValueError, match="no lora_B"):
        spoil(Kind.SCALED, {"x": np.ones((1, 1), np.float32)})
