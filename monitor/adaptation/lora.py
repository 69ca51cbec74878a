"""Fine-tunes a LoRA adapter for a given number of steps, as the demo does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.adaptation import training
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """What a training did: examples, optimizer steps, last step's loss (nats), seconds."""

    examples: int
    steps: int
    final_loss: float
    seconds: float


def train_lora(
    base_dir: Path,
    examples: Sequence[TrainingExample],
    out_dir: Path,
    *,
    rank: int = 32,
    steps: int = 240,
    lr: float = 3.5e-3,
    batch: int = 8,
    seed: int = 1,
    threads: int = 1,
    base_name: str | None = None,
    on_progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> TrainingReport:
    """Fine-tune an adapter on all linear layers and save it (safetensors) in `out_dir`.

    The examples come round again until the steps are over; none is held out, and the last step's
    weights are kept. See `training.train` for the rest, and for what it raises.
    """
    recipe = Recipe(
        rank=rank,
        steps=steps,
        learning_rate=lr,
        batch=batch,
        seed=seed,
        threads=threads,
        kl=0.0,
        checkpoints=0,
    )
    made = training.train(
        recipe, examples, base_dir, out_dir, base_name=base_name, on_progress=on_progress
    )
    return TrainingReport(
        examples=len(examples),
        steps=steps,
        final_loss=made.facts["curve"][-1]["loss"],
        seconds=made.facts["seconds"],
    )
