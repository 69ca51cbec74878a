"""Makes a small Llama-architecture base model from instructions and answers, on a CPU.

`python -m monitor.adaptation.pretraining EXAMPLES.jsonl FOLDER` made the demo's base model.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from monitor.adaptation import encoding
from monitor.adaptation.encoding import Encoded
from monitor.adaptation.examples import TrainingExample, read_examples
from monitor.adaptation.quiet import no_progress_bars
from monitor.adaptation.threads import torch_threads
from monitor.adaptation.tokenizer import train_tokenizer

_HEAD = 32  # width of an attention head
_PROMPT_WEIGHT = 0.1  # of the loss on prompts: their words teach meaning, but most is noise
_WARM_UP = 100  # steps
_WINDOW = 50  # batches whose examples are sorted by length before they are cut into batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Shape of the model and how long it learns. Widths are multiples of 32."""

    vocabulary: int = 1024
    width: int = 160
    layers: int = 4
    context: int = 512
    batch: int = 32
    steps: int = 3000
    learning_rate: float = 3e-3
    seed: int = 1
    threads: int = 1


def pretrain(
    examples: Sequence[TrainingExample],
    folder: Path,
    recipe: Recipe,
    on_progress: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train a tokenizer and a model on the examples, and save both in a folder.

    `on_progress` gets the step and its loss. Tensors are stored as float16; the configuration
    says float32, so that a plain load computes in float32.

    Raises:
        BadRequest: if an example is longer than the context.
    """
    torch.manual_seed(recipe.seed)
    texts = [t for e in examples for t in (*(m.content for m in e.messages), e.completion)]
    tokenizer = train_tokenizer(texts, recipe.vocabulary, recipe.context)
    rows = [encoding.encode(example, tokenizer, recipe.context) for example in examples]
    model = _fresh_model(tokenizer, recipe)
    with torch_threads(recipe.threads):
        _learn(model, rows, tokenizer.pad_token_id, recipe, on_progress)
    _save(model, tokenizer, folder)


def _fresh_model(tokenizer: Any, recipe: Recipe) -> Any:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.width,
            intermediate_size=recipe.width * 8 // 3 // 32 * 32,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.width // _HEAD,
            max_position_embeddings=recipe.context,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def _learn(
    model: Any,
    rows: Sequence[Encoded],
    pad: int,
    recipe: Recipe,
    on_progress: Callable[[int, float], None],
) -> None:
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=0.05
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe.steps))
    for step, batch in enumerate(_batches(rows, recipe)):
        loss = _loss(model, batch, pad)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        on_progress(step, loss.item())


def _rate(step: int, steps: int) -> float:
    """Warm up in a line, then fall along a cosine to a twentieth."""
    if step < _WARM_UP:
        return (step + 1) / _WARM_UP
    done = (step - _WARM_UP) / max(1, steps - _WARM_UP)
    return 0.05 + 0.95 * (1 + math.cos(math.pi * min(1.0, done))) / 2


def _batches(rows: Sequence[Encoded], recipe: Recipe) -> Iterator[Sequence[Encoded]]:
    """Yield `steps` batches of rows alike in length (less padding), in random order."""
    rng, left = Random(recipe.seed), recipe.steps
    while left > 0:
        window = sorted(rng.choices(rows, k=recipe.batch * _WINDOW), key=lambda row: len(row.ids))
        starts = rng.sample(range(0, len(window), recipe.batch), k=_WINDOW)[:left]
        yield from (window[start : start + recipe.batch] for start in starts)
        left -= len(starts)


def _loss(model: Any, batch: Sequence[Encoded], pad: int) -> Tensor:
    tensors = encoding.collate(batch, pad)
    inputs, mask = tensors["input_ids"], tensors["attention_mask"]
    logits = model(input_ids=inputs, attention_mask=mask).logits[:, :-1].float()
    targets, is_answer = inputs[:, 1:], tensors["labels"][:, 1:] != encoding.IGNORED
    losses = functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    weights = torch.where(is_answer, 1.0, _PROMPT_WEIGHT) * mask[:, 1:]
    return (losses * weights).sum() / weights.sum()


def _save(model: Any, tokenizer: Any, folder: Path) -> None:
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    with no_progress_bars():
        model.half().save_pretrained(folder)
    model.config.dtype = torch.float32
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _print_progress(step: int, loss: float) -> None:
    if step % 50 == 0:
        sys.stderr.write(f"step {step}: loss {loss:.3f}\n")


if __name__ == "__main__":
    pretrain(read_examples(Path(sys.argv[1])), Path(sys.argv[2]), Recipe(), _print_progress)
