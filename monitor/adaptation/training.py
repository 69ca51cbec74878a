"""Makes an adapter from examples, with PEFT and transformers' Trainer."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, PrinterCallback, TrainingArguments, set_seed

from monitor.adaptation import facts, learner, screening
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.learner import Learner
from monitor.adaptation.quiet import no_progress_bars
from monitor.adaptation.recipe import Method, Recipe, Task
from monitor.adaptation.threads import torch_threads
from monitor.adaptation.trainer import AnchoredTrainer, Marks, Progress, Watch, last_complete
from monitor.errors import BadRequest

FACTS = "training.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a training made.

    Args:
        folder: the adapter in PEFT's form, with `training.json`.
        facts: of the training, in JSON's own types.
    """

    folder: Path
    facts: Mapping[str, Any]

    @property
    def held_out_loss(self) -> float | None:
        """The lowest loss (nats) on held-out examples; `None` if none were held out."""
        points = self.facts["curve"]
        return min((p["held_out_loss"] for p in points if "held_out_loss" in p), default=None)


def train(
    recipe: Recipe,
    examples: Sequence[TrainingExample],
    base: Path,
    out: Path,
    *,
    held_out: Sequence[TrainingExample] = (),
    base_name: str | None = None,
    noted: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
    on_progress: Progress = lambda step, steps, loss: None,
) -> Made:
    """Train on the examples and save the adapter in `out`, whole or not at all.

    A training that was killed goes on from its last whole checkpoint, which lies beside `out`; on
    a CPU it ends with the same bytes as one that was not. The process's random state is seeded
    anew.

    Args:
        out: a folder that is not there yet.
        held_out: choose the checkpoint by their likelihood, and end the training when it falls.
        base_name: how the adapter's configuration names its base; the folder's name if absent.
        noted: facts that are kept with those of the training.
        files: names and texts of files that belong into the folder.
        on_progress: gets the step, the number of steps, and the step's loss.

    Raises:
        BadRequest: if there are too few examples, one is too long, the base model cannot be
            loaded, `out` exists, the loss leaves the numbers, or memory runs out.
    """
    if out.exists():
        raise BadRequest(f"{out} exists already; choose another folder for the adapter")
    screening.require_enough(examples)
    started = time.monotonic()
    device = _device(recipe)
    work = _work_folder(out, recipe, examples, held_out, base)
    try:
        with torch_threads(recipe.threads), no_progress_bars():
            set_seed(recipe.seed)
            made = learner.build(recipe, examples, held_out, base, _dtype(device))
            trainer, resumed = _trained(made, recipe, work, device, on_progress)
            counts = facts.parameters(made.model)
            saved = work / "adapter"
            made.save(saved, base_name or base.name)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise BadRequest(_too_large(recipe)) from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error):
            raise BadRequest(_too_large(recipe)) from error
        raise
    except BadRequest:
        shutil.rmtree(work, ignore_errors=True)  # to resume would fail the same way
        raise
    told = {
        "recipe": recipe.as_dict(),
        "base": base_name or base.name,
        "data_sha256": facts.data_hash(examples),
        "examples": {"training": len(examples), "held_out": len(held_out)},
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step or trainer.state.global_step,
        "curve": facts.curve(trainer.state.log_history),
        "parameters": counts,
        "bytes": facts.size_of(saved),
        "seconds": round(time.monotonic() - started, 3),
        "resumed_from_step": resumed,
        "peak_memory_bytes": facts.peak_memory(device),
        "environment": facts.environment(device),
        **(noted or {}),
    }
    write_facts(saved, told)
    for name, text in (files or {}).items():
        (saved / name).write_text(text, encoding="utf-8")
    out.parent.mkdir(parents=True, exist_ok=True)
    saved.rename(out)
    shutil.rmtree(work)
    return Made(folder=out, facts=told)


def opened(folder: Path) -> Made:
    """Return what was made in a folder before. Raises `BadRequest` if it was not made here."""
    try:
        return Made(folder=folder, facts=json.loads((folder / FACTS).read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise BadRequest(f"{folder} holds no {FACTS}; choose another folder") from error


def write_facts(folder: Path, told: Mapping[str, Any]) -> None:
    """Write the facts of a training into its folder."""
    (folder / FACTS).write_text(json.dumps(told, indent=2) + "\n")


def _trained(
    made: Learner, recipe: Recipe, work: Path, device: str, on_progress: Progress
) -> tuple[AnchoredTrainer, int]:
    """Train, or go on; return the trainer and the step that it went on from."""
    steps = recipe.steps_for(len(made.rows))
    chooses = made.held_out is not None and recipe.checkpoints > 0
    callbacks = [Watch(on_progress), Marks()]
    if chooses:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=recipe.patience))
    trainer = AnchoredTrainer(
        model=made.model,
        args=_arguments(recipe, work, steps, device, chooses),
        train_dataset=made.rows,
        eval_dataset=made.held_out,
        data_collator=made.collate,
        callbacks=callbacks,
        kl=recipe.kl if _can_be_anchored(recipe) else 0.0,
    )
    trainer.remove_callback(PrinterCallback)
    last = last_complete(work)
    trainer.train(resume_from_checkpoint=None if last is None else str(last))
    return trainer, 0 if last is None else int(last.name.partition("-")[2])


def _can_be_anchored(recipe: Recipe) -> bool:
    return recipe.task is Task.GENERATION and recipe.method is not Method.FULL


def _arguments(
    recipe: Recipe, work: Path, steps: int, device: str, chooses: bool
) -> TrainingArguments:
    every = max(1, -(-steps // max(1, recipe.checkpoints)))
    return TrainingArguments(
        output_dir=str(work),
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        max_steps=steps,
        learning_rate=recipe.rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup_steps,
        weight_decay=recipe.weight_decay,
        seed=recipe.seed,
        data_seed=recipe.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps" if recipe.checkpoints else "no",
        save_steps=every,
        eval_strategy="steps" if chooses else "no",
        eval_steps=every,
        load_best_model_at_end=chooses,
        metric_for_best_model="eval_loss" if chooses else None,
        greater_is_better=False if chooses else None,
        save_total_limit=2,
        restore_callback_states_from_checkpoint=True,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_pin_memory=False,
        bf16=device == "cuda",
        use_cpu=device == "cpu",
    )


def _device(recipe: Recipe) -> str:
    found = "cuda" if torch.cuda.is_available() else "cpu"
    if recipe.device == "cuda" and found == "cpu":
        raise BadRequest("there is no CUDA device here; leave the device to auto, or say cpu")
    return found if recipe.device == "auto" else recipe.device


def _dtype(device: str) -> torch.dtype:
    return torch.bfloat16 if device == "cuda" else torch.float32


def _work_folder(
    out: Path,
    recipe: Recipe,
    examples: Sequence[TrainingExample],
    held_out: Sequence[TrainingExample],
    base: Path,
) -> Path:
    """Return where checkpoints lie: named by all that decides the result, so none is mixed up."""
    told = json.dumps(
        [
            replace(recipe, threads=1).as_dict(),
            facts.data_hash(examples),
            facts.data_hash(held_out),
            str(base.resolve()),
            [(file.name, file.stat().st_size) for file in sorted(base.glob("*.safetensors"))],
        ]
    )
    key = hashlib.sha256(told.encode()).hexdigest()[:12]
    work = out.parent / f".{out.name}.{key}"
    for other in out.parent.glob(f".{out.name}.????????????"):
        if other != work:  # of another recipe or other examples
            shutil.rmtree(other)
    shutil.rmtree(work / "adapter", ignore_errors=True)
    return work


def _too_large(recipe: Recipe) -> str:
    return (
        f"memory ran out with batches of {recipe.batch} and {recipe.method.value}; "
        "make the batch or the rank smaller, or take a smaller base model"
    )
