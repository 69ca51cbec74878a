"""Fine-tunes a LoRA adapter on examples, with PEFT and transformers' Trainer."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from monitor.adaptation import encoding
from monitor.adaptation.encoding import EncodedExamples
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.quiet import no_progress_bars
from monitor.adaptation.threads import torch_threads
from monitor.errors import BadRequest

_FEWEST = 5  # examples


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

    The loss counts the answers' tokens only. On a CPU the same arguments give the same
    bytes. The process's random state is seeded anew.

    Args:
        base_dir: the base model's folder, with a tokenizer.
        out_dir: a folder that is not there yet.
        steps: optimizer steps, of `batch` examples each; examples come round again.
        threads: of torch, on a CPU; one is best for small models.
        base_name: how the adapter's configuration names its base; the folder's name if absent.
        on_progress: gets the step, the number of steps, and the step's loss.

    Raises:
        BadRequest: if there are too few examples, one is too long, the base model cannot be
            loaded, `out_dir` exists, or the loss leaves the numbers. Then nothing is written.
    """
    if out_dir.exists():
        raise BadRequest(f"{out_dir} exists already; choose another folder for the adapter")
    if len(examples) < _FEWEST:
        raise BadRequest(f"{len(examples)} training examples are too few; give at least {_FEWEST}")
    started = time.monotonic()
    set_seed(seed)
    tokenizer, model = _load(base_dir)
    limit = model.config.max_position_embeddings
    rows = EncodedExamples([encoding.encode(e, tokenizer, limit) for e in examples])
    adapted = get_peft_model(model, _configuration(rank))
    watch = _Watch(steps, on_progress)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = _arguments(Path(scratch), batch=batch, steps=steps, lr=lr, seed=seed)
        with torch_threads(threads):
            _train(adapted, rows, tokenizer.pad_token_id, arguments, watch)
    _save(adapted, out_dir, base_name or base_dir.name)
    seconds = time.monotonic() - started
    return TrainingReport(examples=len(rows), steps=steps, final_loss=watch.loss, seconds=seconds)


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Passes progress on, and stops at a loss that is no number."""

    def __init__(self, steps: int, on_progress: Callable[[int, int, float], None]) -> None:
        self.loss = math.nan
        self._steps, self._on_progress = steps, on_progress

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if "loss" not in logs:
            return
        self.loss = float(logs["loss"])
        if not math.isfinite(self.loss):
            raise BadRequest(
                f"the loss became {self.loss} at step {state.global_step}; lower the learning rate"
            )
        self._on_progress(state.global_step, self._steps, self.loss)


def _load(base_dir: Path) -> tuple[Any, Any]:
    if not (base_dir / "config.json").is_file():
        raise BadRequest(f"{base_dir}: no base model here (config.json is missing)")
    try:
        with no_progress_bars():
            tokenizer = AutoTokenizer.from_pretrained(base_dir, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                base_dir, local_files_only=True, dtype=torch.float32
            )
    except (OSError, ValueError, SafetensorError) as error:
        raise BadRequest(f"{base_dir}: the base model cannot be loaded: {error}") from error
    return tokenizer, model


def _configuration(rank: int) -> LoraConfig:
    return LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _arguments(scratch: Path, *, batch: int, steps: int, lr: float, seed: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(scratch),
        per_device_train_batch_size=batch,
        max_steps=steps,
        learning_rate=lr,
        lr_scheduler_type="cosine",
        warmup_steps=5,
        weight_decay=0.01,
        seed=seed,
        data_seed=seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        use_cpu=not torch.cuda.is_available(),
    )


def _train(
    model: Any, rows: EncodedExamples, pad: int, arguments: TrainingArguments, watch: _Watch
) -> None:
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        data_collator=partial(encoding.collate, pad=pad),
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def _save(model: Any, out_dir: Path, base_name: str) -> None:
    model.peft_config["default"].base_model_name_or_path = base_name
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_dir.parent) as scratch:
        folder = Path(scratch) / out_dir.name
        # `auto` would ask a model hub about the base model's embeddings.
        model.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
        folder.rename(out_dir)
