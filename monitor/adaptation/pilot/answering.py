"""What a model says, how likely it finds it, and how likely it finds given answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from guards.exchange import Message
from monitor.adaptation import base as bases
from monitor.adaptation import encoding
from monitor.adaptation.examples import TrainingExample

_AT_ONCE = 16  # prompts in a batch
MOST_TOKENS = 96  # of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A greedy answer; `logprobs` are natural logarithms, one a token, the end's among them."""

    text: str
    logprobs: tuple[float, ...]
    is_cut: bool


def prompt_ids(messages: Sequence[Message], tokenizer: Any, limit: int) -> list[int]:
    """Return a prompt as the training encodes it. Raises `BadRequest` if it is too long."""
    asked = TrainingExample(messages=tuple(messages), completion="")
    row = encoding.encode(asked, tokenizer, limit)
    return list(row.ids[: row.prompt_length])


@torch.no_grad()
def answers(model: Any, tokenizer: Any, prompts: Sequence[Sequence[int]]) -> list[Answer]:
    """Return the greedy answer to each prompt (token ids), in batches padded on the left."""
    found: list[Answer] = []
    for start in range(0, len(prompts), _AT_ONCE):
        found += _batch(model, tokenizer, prompts[start : start + _AT_ONCE])
    return found


@torch.no_grad()
def likelihood(model: Any, tokenizer: Any, examples: Sequence[TrainingExample]) -> float:
    """Return the mean log-likelihood (nats a token) of the examples' answers, each the same weight."""
    limit = bases.limit_of(model)
    told = []
    for example in examples:
        row = encoding.encode(example, tokenizer, limit)
        ids = torch.tensor([row.ids], device=model.device)
        logits = model(input_ids=ids).logits[0].float()
        logits = logits[-len(row.ids) :]  # prompt tuning puts vectors in front
        scores = torch.log_softmax(logits[row.prompt_length - 1 : -1], dim=-1)
        targets = ids[0, row.prompt_length :]
        told.append(scores.gather(1, targets[:, None]).mean().item())
    return sum(told) / len(told)


def _batch(model: Any, tokenizer: Any, prompts: Sequence[Sequence[int]]) -> list[Answer]:
    width = max(map(len, prompts))
    end = tokenizer.eos_token_id
    ids = [[end] * (width - len(each)) + list(each) for each in prompts]
    mask = [[0] * (width - len(each)) + [1] * len(each) for each in prompts]
    written = model.generate(
        input_ids=torch.tensor(ids, device=model.device),
        attention_mask=torch.tensor(mask, device=model.device),
        max_new_tokens=MOST_TOKENS,
        do_sample=False,
        return_dict_in_generate=True,
        output_scores=True,
    )
    scores = torch.log_softmax(torch.stack(written.scores, dim=1).float(), dim=-1)
    new = written.sequences[:, -scores.shape[1] :]
    chosen = scores.gather(2, new[:, :, None])[:, :, 0]
    return [
        _answer(tokenizer, row, line, end)
        for row, line in zip(new.tolist(), chosen.tolist(), strict=True)
    ]


def _answer(tokenizer: Any, ids: list[int], logprobs: list[float], end: int) -> Answer:
    is_cut = end not in ids
    size = len(ids) if is_cut else ids.index(end)
    told = logprobs if is_cut else logprobs[: size + 1]
    text = tokenizer.decode(ids[:size], skip_special_tokens=True)
    return Answer(text=text, logprobs=tuple(min(0.0, each) for each in told), is_cut=is_cut)
