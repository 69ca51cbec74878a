"""Turns training examples into token ids with a loss on the answer only, and into batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from monitor.adaptation.examples import TrainingExample
from monitor.errors import BadRequest

IGNORED = -100  # the label that torch's cross-entropy leaves out


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Token ids of a prompt with its answer; `prompt_length` of them are the prompt's."""

    ids: tuple[int, ...]
    prompt_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Token ids of a text with the number of its label."""

    ids: tuple[int, ...]
    label: int


class Rows(Dataset[Any]):
    """Encoded examples as a torch data set."""

    def __init__(self, examples: Sequence[Any]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Any:
        return self._examples[index]


def encode(example: TrainingExample, tokenizer: Any, limit: int) -> Encoded:
    """Encode one example through the tokenizer's chat template, ended by the end-of-text token.

    Raises:
        BadRequest: if it has more than `limit` tokens, or the tokenizer has no chat template.
    """
    prompt = _prompt_ids(example, tokenizer)
    answer = tokenizer.encode(example.completion, add_special_tokens=False)
    ids = (*prompt, *answer, tokenizer.eos_token_id)
    if len(ids) > limit:
        start = example.messages[-1].content[:40]
        raise BadRequest(
            f"an example has {len(ids)} tokens, the model takes {limit}; shorten it: {start!r}"
        )
    return Encoded(ids=ids, prompt_length=len(prompt))


def collate(batch: Sequence[Encoded], pad: int) -> Mapping[str, Tensor]:
    """Pad a batch on the right: `input_ids`, `attention_mask`, `labels`, each (batch, longest)."""
    width = max(len(row.ids) for row in batch)
    ids = torch.full((len(batch), width), pad)
    labels = torch.full((len(batch), width), IGNORED)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    for index, row in enumerate(batch):
        size = len(row.ids)
        ids[index, :size] = torch.tensor(row.ids)
        labels[index, row.prompt_length : size] = ids[index, row.prompt_length : size]
        mask[index, :size] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def label(
    examples: Sequence[TrainingExample], labels: Sequence[str], tokenizer: Any, limit: int
) -> list[Labelled]:
    """Encode texts with their labels' places in `labels`; a text is cut at `limit` tokens."""
    texts = [example.prompt for example in examples]
    places = {name: place for place, name in enumerate(labels)}
    ids = tokenizer(texts, truncation=True, max_length=limit)["input_ids"]
    return [
        Labelled(ids=tuple(row), label=places[example.completion])
        for row, example in zip(ids, examples, strict=True)
    ]


def collate_labelled(batch: Sequence[Labelled], pad: int) -> dict[str, Tensor]:
    """Pad texts on the right: `input_ids`, `attention_mask` (batch, longest), `labels` (batch)."""
    width = max(len(row.ids) for row in batch)
    ids = torch.full((len(batch), width), pad)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    for index, row in enumerate(batch):
        ids[index, : len(row.ids)] = torch.tensor(row.ids)
        mask[index, : len(row.ids)] = 1
    labels = torch.tensor([row.label for row in batch])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def _prompt_ids(example: TrainingExample, tokenizer: Any) -> list[int]:
    if example.messages[0].role == "prompt":
        return list(tokenizer.encode(example.messages[0].content))
    if not tokenizer.chat_template:
        raise BadRequest("the base model's tokenizer has no chat template; use raw prompts")
    turns = [{"role": turn.role, "content": turn.content} for turn in example.messages]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return list(tokenizer.encode(text, add_special_tokens=False))
