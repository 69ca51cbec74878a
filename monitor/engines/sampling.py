"""The choice of the next tokens of a batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How one row chooses.

    Args:
        temperature: at least 0; 0 is greedy.
        top_p: in (0, 1]: the smallest set of tokens with this much probability is drawn from.
        source: where this row's chance comes from, so that no other row can disturb it.
        alternatives: how many of the likeliest tokens to report.
    """

    temperature: float
    top_p: float
    source: Random
    alternatives: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A chosen token and the natural log-probability the unmodified model gave it."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


def choose(logits: torch.Tensor, samplings: Sequence[Sampling]) -> list[Choice | None]:
    """Choose a token per row of `logits` (rows × vocabulary).

    Returns `None` for a row whose logits are no distribution (NaN or infinite).
    """
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    ids = logprobs.argmax(dim=-1)
    drawn = [index for index, sampling in enumerate(samplings) if sampling.temperature > 0]
    if drawn:
        ids[drawn] = _draw(logprobs[drawn], [samplings[index] for index in drawn])
    chosen = logprobs.gather(-1, ids.unsqueeze(-1)).squeeze(-1).tolist()
    tops = _likeliest(logprobs, [sampling.alternatives for sampling in samplings])
    return [
        Choice(token_id=token_id, logprob=logprob, top=top) if math.isfinite(logprob) else None
        for token_id, logprob, top in zip(ids.tolist(), chosen, tops, strict=True)
    ]


def _draw(logprobs: torch.Tensor, samplings: Sequence[Sampling]) -> torch.Tensor:
    """Draw by inverting the distribution function of each row at one uniform number."""
    device = logprobs.device
    heat = torch.tensor([[s.temperature] for s in samplings], device=device)
    top_p = torch.tensor([[s.top_p] for s in samplings], device=device)
    uniform = torch.tensor([[s.source.random()] for s in samplings], device=device)
    ordered, ids = torch.softmax(logprobs / heat, dim=-1).sort(dim=-1, descending=True)
    mass = ordered.cumsum(dim=-1)
    ordered = ordered.masked_fill(mass - ordered >= top_p, 0.0)  # the likeliest always stays
    kept = ordered.cumsum(dim=-1)
    places = torch.searchsorted(kept, uniform * kept[:, -1:], right=True)
    last = (ordered > 0).sum(dim=-1, keepdim=True).clamp(min=1) - 1
    return ids.gather(-1, torch.minimum(places, last)).squeeze(-1)


def _likeliest(
    logprobs: torch.Tensor, counts: Sequence[int]
) -> list[tuple[tuple[int, float], ...]]:
    most = min(max(counts), logprobs.shape[-1])
    if most == 0:
        return [()] * len(counts)
    values, ids = logprobs.topk(most, dim=-1)
    return [
        tuple(zip(row_ids[:count], row_values[:count], strict=True))
        for row_ids, row_values, count in zip(ids.tolist(), values.tolist(), counts, strict=True)
    ]
