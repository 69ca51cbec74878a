"""Runs lm-evaluation-harness's `hf` backend over the bench's cases; executed by the peer's Python.

    python harness_side.py MODEL TASKS BATCH DEVICE THREADS

Prints one line of JSON: task → seconds of its requests, without loading, and what was answered.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch
from lm_eval import evaluator
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager


def main(model: str, tasks: str, batch: str, device: str, threads: str) -> None:
    """Answer each task by itself, after a first pass that warms up."""
    torch.set_num_threads(int(threads))
    size: Any = batch if batch == "auto" else int(batch)
    dtype = "bfloat16" if device.startswith("cuda") else "float32"
    loaded = HFLM(pretrained=model, batch_size=size, device=device, dtype=dtype)
    manager = TaskManager(include_path=tasks, include_defaults=False)
    told = {}
    for name in ("written", "chosen"):
        taken = _timed(loaded)
        found = evaluator.simple_evaluate(
            model=loaded, tasks=[name], task_manager=manager, bootstrap_iters=0, log_samples=True
        )
        answers = [each["resps"] for each in found["samples"][name]]
        told[name] = {"seconds": sum(taken), "answers": answers}
    print(json.dumps(told))


def _timed(loaded: Any) -> list[float]:
    """Note how long the backend takes for requests."""
    taken: list[float] = []
    for name in ("generate_until", "loglikelihood"):
        asked = getattr(type(loaded), name)

        def answer(*args: Any, _asked: Any = asked, **kwargs: Any) -> Any:
            began = time.perf_counter()
            result = _asked(loaded, *args, **kwargs)
            taken.append(time.perf_counter() - began)
            return result

        setattr(loaded, name, answer)
    return taken


if __name__ == "__main__":
    main(*sys.argv[1:])
