"""Teacher forcing: how likely a model finds tokens that are given to it, many texts in few passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from monitor.engines import cache as caches
from monitor.engines.prefill import Read, Reader


@dataclass(frozen=True, slots=True)
class Forced:
    """Tokens given after a prompt; both have at least one."""

    prompt: list[int]
    given: list[int]
    adapter: str

    @property
    def length(self) -> int:
        """How many tokens prompt and continuation have."""
        return len(self.prompt) + len(self.given)


@dataclass(frozen=True, slots=True)
class _Context:
    prompt: list[int]
    adapter: str


@torch.inference_mode()
def forced(reader: Reader, asked: Sequence[Forced]) -> list[tuple[float, ...]]:
    """Return the natural log-probabilities of given tokens; those of no number are NaN.

    A prompt with several continuations is read once.
    """
    places: dict[tuple[str, tuple[int, ...]], int] = {}
    for each in asked:
        places.setdefault((each.adapter, tuple(each.prompt)), len(places))
    contexts = [_Context(list(ids), adapter) for adapter, ids in places]
    of = [places[each.adapter, tuple(each.prompt)] for each in asked]
    read = reader.read(contexts)
    firsts = torch.log_softmax(read.logits.float(), dim=-1)
    heads = firsts[of, [each.given[0] for each in asked]].tolist()
    tails = _tails(reader, read, asked, of)
    return [(head, *tail) for head, tail in zip(heads, tails, strict=True)]


def _tails(
    reader: Reader, read: Read, asked: Sequence[Forced], of: Sequence[int]
) -> list[list[float]]:
    """Return the log-probabilities of all given tokens but the first."""
    told: list[list[float]] = [[] for _ in asked]
    long = [place for place, each in enumerate(asked) if len(each.given) > 1]
    if not long:
        return told
    width = max(len(asked[place].given) for place in long) - 1
    rows = [asked[place].given for place in long]
    device, before = read.mask.device, read.mask[[of[place] for place in long]]
    ids = torch.tensor([g[:-1] + [0] * (width + 1 - len(g)) for g in rows], device=device)
    wanted = torch.tensor([g[1:] + [0] * (width + 1 - len(g)) for g in rows], device=device)
    behind = [[1] * (len(g) - 1) + [0] * (width + 1 - len(g)) for g in rows]
    mask = torch.cat([before, torch.tensor(behind, device=device)], dim=-1)
    positions = before.sum(-1, keepdim=True) + torch.arange(width, device=device)
    caches.select(read.cache, [of[place] for place in long], before.shape[-1])
    names = [asked[place].adapter for place in long]
    logits = reader.forward(names, ids, mask, positions, read.cache, every=True)
    chosen = logits.gather(-1, wanted[..., None])[..., 0].float() - logits.float().logsumexp(-1)
    for place, row in zip(long, chosen.tolist(), strict=True):
        told[place] = row[: len(asked[place].given) - 1]
    return told
