"""Teacher forcing: how likely a model finds tokens that are given to it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from monitor.engines.model import LoadedModel
from monitor.errors import EngineError


@torch.inference_mode()
def forced(model: LoadedModel, adapter: str, ids: Sequence[int], count: int) -> tuple[float, ...]:
    """Return the natural log-probabilities of the last `count` tokens, in one pass.

    Args:
        adapter: name of a loaded one, or `adapters.BASE`.
        ids: tokens of the prompt and of what follows it, `count` less than all.

    Raises:
        EngineError: the model's output is not a number.
    """
    given = torch.tensor([list(ids)], device=model.device)
    output = model.adapters.forward([adapter], input_ids=given, use_cache=False)
    logits = output.logits[0, -count - 1 : -1].float()
    logprobs = torch.log_softmax(logits, dim=-1)
    chosen = logprobs.gather(1, given[0, -count:, None])[:, 0]
    if not bool(torch.isfinite(chosen).all()):
        raise EngineError("the model's output is not a number (NaN or infinite)")
    return tuple(chosen.tolist())
