"""Patterns in configurations."""

from typing import Any

import pytest

from monitor.errors import BadAdapter
from monitor.storage.adapter_patterns import require_quick

_MODULES = ["model.layers.0.self_attn.q_proj", "lm_head"]
_SLOW = r"(([a-z]|[._0-9])+)+\$"


@pytest.mark.slow
def test_ordinary_patterns_are_quick() -> None:
    """The way PEFT's documents write them; a list of names is no pattern."""
    config = {"target_modules": r".*\.(q|v)_proj", "rank_pattern": {"^model.*q_proj": 4}}
    require_quick(config, _MODULES, "adapter_config.json")
    require_quick({"target_modules": ["q_proj", "(("]}, _MODULES, "adapter_config.json")


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        {"target_modules": _SLOW},
        {"exclude_modules": _SLOW},
        {"rank_pattern": {_SLOW: 4}},
        {"alpha_pattern": {_SLOW: 4}},
    ],
)
def test_a_pattern_that_backtracks_without_end_is_refused(config: dict[str, Any]) -> None:
    """The engine would never finish loading."""
    with pytest.raises(BadAdapter, match="takes too long to match"):
        require_quick(config, _MODULES, "adapter_config.json")


@pytest.mark.slow
def test_a_malformed_pattern_is_named() -> None:
    """With what is wrong with it."""
    with pytest.raises(BadAdapter, match=r"the pattern '\(q_proj' is malformed \(missing \)"):
        require_quick({"target_modules": "(q_proj"}, _MODULES, "adapter_config.json")
