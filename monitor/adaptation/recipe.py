"""How an adapter is made: one value that decides, with the examples and the base, its bytes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollback.canonical import plain


class Method(enum.Enum):
    """What is trained."""

    LORA = "lora"  # means that a low-rank product is added to linear layers
    RSLORA = "rslora"  # means LoRA scaled by the square root of the rank
    DORA = "dora"  # means LoRA on the direction of weights, with a trained magnitude
    IA3 = "ia3"  # means that the outputs of linear layers are scaled, value by value
    LAYERNORM = "layernorm"  # means that the gains of normalisation layers are trained
    PROMPT = "prompt"  # means that vectors in front of the prompt are trained
    PARTIAL = "partial"  # means that some values of named weights are trained (PEFT's SHiRA)
    FULL = "full"  # means every weight: a model of its own, to compare with


class Task(enum.Enum):
    """What is learnt."""

    GENERATION = "generation"  # means the text that follows a prompt
    CLASSIFICATION = "classification"  # means a label for a text


# What the registry takes in and the engines serve beside other versions.
SERVED = frozenset({Method.LORA, Method.RSLORA})

_RATES = {
    Method.LORA: 2e-3,
    Method.RSLORA: 1e-3,
    Method.DORA: 2e-3,
    Method.IA3: 2e-2,
    Method.LAYERNORM: 1e-2,
    Method.PROMPT: 5e-2,
    Method.PARTIAL: 2e-3,
    Method.FULL: 2e-4,
}

_EPOCHS = 12
# A handful of examples makes few batches, and passes alone would end before the answer is learnt.
_FEWEST_STEPS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that is chosen about one training.

    Args:
        rank: of LoRA; number of vectors for prompt tuning; values per row and column for partial.
        learning_rate: of AdamW; the method's own if `None`.
        epochs: passes over the examples; `None` makes 12, and as many as 600 steps need.
        steps: optimizer steps; `None` leaves the number to `epochs`.
        top_layers: only the last layers are adapted; `None` adapts all.
        targets: names of modules to adapt; empty means all linear layers (or norms).
        dropout: of LoRA's input.
        label_smoothing: of classification.
        kl: weight of the divergence from the base model's predictions on the prompts' tokens.
        held_out: share of the examples that choose the best checkpoint; 0 keeps the last one.
        patience: evaluations on held-out examples without a gain before the training ends.
        checkpoints: how often the training is saved and evaluated; 0 never saves.
        device: `auto`, `cpu` or `cuda`.
        threads: of torch on a CPU; one is best for small models.
    """

    method: Method = Method.LORA
    task: Task = Task.GENERATION
    rank: int = 16
    learning_rate: float | None = None
    epochs: int | None = None
    steps: int | None = None
    batch: int = 8
    warmup_steps: int = 5
    weight_decay: float = 0.01
    dropout: float = 0.0
    label_smoothing: float = 0.0
    kl: float = 0.02
    held_out: float = 0.1
    patience: int = 4
    checkpoints: int = 12
    targets: tuple[str, ...] = ()
    top_layers: int | None = None
    seed: int = 1
    device: str = "auto"
    threads: int = 1

    @property
    def rate(self) -> float:
        """The learning rate at its highest."""
        return _RATES[self.method] if self.learning_rate is None else self.learning_rate

    def steps_for(self, examples: int) -> int:
        """Return the optimizer steps that this many training examples take, at least 1."""
        if self.steps is not None:
            return self.steps
        batches = -(-examples // self.batch)
        if self.epochs is not None:
            return self.epochs * batches
        return max(_EPOCHS * batches, _FEWEST_STEPS)

    def as_dict(self) -> Mapping[str, Any]:
        """Return the recipe in JSON's own types, the learning rate as it is used."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields |= {"method": self.method.value, "task": self.task.value}
        described: Mapping[str, Any] = plain(fields | {"learning_rate": self.rate})
        return described
