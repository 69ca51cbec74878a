"""transformers' Trainer with a penalty for leaving the base, and callbacks that watch it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import Trainer, TrainerCallback

from monitor.adaptation.encoding import IGNORED
from monitor.errors import BadRequest

Progress = Callable[[int, int, float], None]
COMPLETE = "complete"  # a file that a checkpoint has when all of it is written


class AnchoredTrainer(Trainer):  # type: ignore[misc]
    """Adds `kl` × KL(base ‖ adapted) on the prompts' tokens to the loss.

    The answers' tokens are to change; what the model expects of prompts is not.
    """

    def __init__(self, *args: Any, kl: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kl = kl

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        """Return the loss of a batch, penalised while the model trains."""
        loss, outputs = super().compute_loss(model, inputs, return_outputs=True, **kwargs)
        if self._kl > 0 and model.training:
            loss = loss + self._kl * self._divergence(model, inputs, outputs)
        return (loss, outputs) if return_outputs else loss

    def _divergence(self, model: Any, inputs: Any, outputs: Any) -> Tensor:
        adapter = self.accelerator.unwrap_model(model)
        with torch.no_grad(), adapter.disable_adapter():
            base = adapter(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
            ).logits
        prompt = (inputs["labels"] == IGNORED) & (inputs["attention_mask"] == 1)
        # The last of them predicts the answer's first token, which is to be learnt.
        prompt[:, :-1] &= inputs["labels"][:, 1:] == IGNORED
        width = prompt.shape[1]  # trained vectors stand before the prompt's own tokens
        ours = functional.log_softmax(outputs.logits[:, -width:][prompt].float(), dim=-1)
        theirs = functional.log_softmax(base[:, -width:][prompt].float(), dim=-1)
        return functional.kl_div(ours, theirs, log_target=True, reduction="batchmean")


class Watch(TrainerCallback):  # type: ignore[misc]
    """Passes progress on, and stops at a loss that is no number."""

    def __init__(self, on_progress: Progress) -> None:
        self.loss = math.nan
        self._on_progress = on_progress

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Look at the loss of a step."""
        if "loss" not in logs:
            return
        self.loss = float(logs["loss"])
        if not math.isfinite(self.loss):
            raise BadRequest(
                f"the loss became {self.loss} at step {state.global_step}; lower the learning rate"
            )
        self._on_progress(state.global_step, state.max_steps, self.loss)


class Marks(TrainerCallback):  # type: ignore[misc]
    """Marks each checkpoint when it is whole: one that a kill cut short is not resumed from."""

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark the checkpoint of this step."""
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def last_complete(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end."""
    found = [mark.parent for mark in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(found, key=lambda path: int(path.name.partition("-")[2]), default=None)
