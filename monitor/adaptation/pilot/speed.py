"""How fast a model answers and how much it holds, also with many adapters loaded."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from monitor.adaptation.quiet import no_layer_warnings, no_progress_bars

LOADED = (1, 4, 16)  # adapters
_LENGTH = 64  # tokens of a prompt
_ROWS = 16  # of a batch
_TIMES = 7


def measured(model: Any) -> Mapping[str, float]:
    """Return seconds of one pass of 64 tokens, tokens/s of passes of 16 such rows, and bytes.

    On a CPU the seconds are the process's own: what else the machine does is left out.
    """
    one, many = _ids(1), _ids(_ROWS)
    return {
        "latency_s": _seconds(model, lambda: model(input_ids=one.to(model.device))),
        "tokens_per_s": _ROWS
        * _LENGTH
        / _seconds(model, lambda: model(input_ids=many.to(model.device))),
        "tensor_bytes": tensor_bytes(model),
    }


def with_adapters(model: Any, folder: Path) -> Sequence[Mapping[str, float]]:
    """Return tokens/s and bytes with 1, 4 and 16 adapters loaded, rows of one batch spread on them."""
    told, names = [], ["default"]
    for count in LOADED:
        with no_progress_bars(), no_layer_warnings():
            for number in range(len(names), count):
                model.load_adapter(str(folder), adapter_name=f"copy{number}")
                names.append(f"copy{number}")
        rows = [names[row % count] for row in range(_ROWS)]
        ids = _ids(_ROWS).to(model.device)
        seconds = _seconds(model, partial(model, input_ids=ids, adapter_names=rows))
        told.append(
            {
                "adapters": count,
                "tokens_per_s": _ROWS * _LENGTH / seconds,
                "tensor_bytes": tensor_bytes(model),
            }
        )
    return told


def merged_latency(model: Any) -> float | None:
    """Return seconds of one pass with the adapter merged; `None` where it has no merged form."""
    try:
        whole = model.merge_and_unload()
    except (AttributeError, NotImplementedError):
        return None
    ids = _ids(1)
    return _seconds(whole, lambda: whole(input_ids=ids.to(whole.device)))


def tensor_bytes(model: Any) -> int:
    """Return the bytes of a model's values."""
    return sum(value.numel() * value.element_size() for value in model.parameters())


def _ids(rows: int) -> torch.Tensor:
    return (torch.arange(_LENGTH) + 10).repeat(rows, 1)


@torch.no_grad()
def _seconds(model: Any, run: Callable[[], Any]) -> float:
    on_card = model.device.type == "cuda"
    clock = time.perf_counter if on_card else time.process_time
    run()
    taken = []
    for _ in range(_TIMES):
        started = clock()
        run()
        if on_card:
            torch.cuda.synchronize()
        taken.append(clock() - started)
    return median(taken)
