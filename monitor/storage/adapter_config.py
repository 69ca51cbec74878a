"""The PEFT configuration of an adapter: read with distrust, reduced to what decides answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.errors import BadAdapter
from monitor.storage import json_members
from rollback.canonical import canonical
from rollback.errors import NotCanonical
from rollback.manifest import behaviour

MAX_RANK = 256
SIZE_LIMIT = 2**20  # bytes

# Other ways to initialise change the base model's weights when the adapter is loaded, and with
# them the answers of every other version.
_HARMLESS_INIT = (None, True, False, "gaussian", "orthogonal", "eva")


def read_config(path: Path) -> dict[str, Any]:
    """Return the part of `adapter_config.json` that decides how the adapter answers.

    Raises:
        BadAdapter: if it is malformed, or asks for something that cannot be served.
    """
    config = _parsed(path)
    kind = config.get("peft_type")
    if kind != "LORA":
        raise BadAdapter(f"{path.name}: peft_type is {kind!r}; only LORA adapters can be served")
    _require_rank(config, path.name)
    _require_targets(config, path.name)
    _require_harmless(config, path.name)
    return behaviour(config)


def _parsed(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > SIZE_LIMIT:
        raise BadAdapter(f"{path.name} is larger than a configuration can be; save it again")
    try:
        config = json.loads(
            path.read_bytes(),
            parse_constant=_refuse_constant,
            object_pairs_hook=json_members.unique,
        )
        canonical(config)
    except (ValueError, RecursionError, NotCanonical) as error:
        raise BadAdapter(f"{path.name} is malformed: {error}; save the adapter again") from error
    if not isinstance(config, dict):
        raise BadAdapter(f"{path.name} is no JSON object; save the adapter again")
    return config


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _require_rank(config: Mapping[str, Any], name: str) -> None:
    ranks = [config.get("r")]
    pattern = config.get("rank_pattern")
    if isinstance(pattern, dict):
        ranks.extend(pattern.values())
    for rank in ranks:
        if type(rank) is not int or rank < 1:
            raise BadAdapter(f"{name}: the rank {rank!r} is no whole number of at least 1")
        if rank > MAX_RANK:
            raise BadAdapter(f"{name}: the rank {rank} is over the limit of {MAX_RANK}")


def _require_targets(config: Mapping[str, Any], name: str) -> None:
    targets = config.get("target_modules")
    is_list = isinstance(targets, list) and all(isinstance(target, str) for target in targets)
    if not targets or not (isinstance(targets, str) or is_list):
        raise BadAdapter(f"{name}: target_modules names no modules, so the adapter does nothing")


def _require_harmless(config: Mapping[str, Any], name: str) -> None:
    if config.get("modules_to_save"):
        raise BadAdapter(
            f"{name}: modules_to_save holds whole modules; train with LoRA on them instead"
        )
    init = config.get("init_lora_weights")
    if init not in _HARMLESS_INIT:
        raise BadAdapter(
            f"{name}: init_lora_weights {init!r} changes the base model; save the adapter with "
            "path_initial_model_for_weight_conversion"
        )
