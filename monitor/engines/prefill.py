"""Reading prompts: what they have in common is read once."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from monitor.engines import cache as caches
from monitor.engines.adapters import AdapterModel

_LEAST = 16  # tokens in common below which reading them again costs less than copying


class Prompt(Protocol):
    """What is read: token ids, at least one, by an adapter."""

    @property
    def prompt(self) -> list[int]:
        """The token ids."""

    @property
    def adapter(self) -> str:
        """The adapter's name, or `adapters.BASE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Prompts that were read, padded on the left.

    Args:
        cache: keys and values, of shape rows × heads × width × channels in each layer.
        mask: rows × width, 0 where a row has padding.
        logits: after each prompt's last token, rows × vocabulary.
    """

    cache: Any
    mask: torch.Tensor
    logits: torch.Tensor


class Reader:
    """Reads prompts in few passes, and keeps what prompts of a version begin with.

    Args:
        prefixes: versions to keep a beginning of; 0: nothing is shared.
    """

    def __init__(
        self, adapters: AdapterModel, network: Any, device: torch.device, prefixes: int
    ) -> None:
        self._adapters = adapters
        self._device = device
        self._prefixes = prefixes
        self._trims_logits = "logits_to_keep" in inspect.signature(network.forward).parameters
        self._kept: OrderedDict[str, tuple[list[int], Any]] = OrderedDict()

    def read(self, prompts: Sequence[Prompt]) -> Read:
        """Read prompts, in their order. Call inside `torch.inference_mode`."""
        places: list[int] = []
        parts: list[Read] = []
        for group in self._groups(prompts):
            rows = [prompts[place] for place in group]
            parts.append(self._read_group(rows))
            places += group
        return _in_order(parts, places)

    def forget(self, adapter: str) -> None:
        """Drop what is kept of an adapter."""
        self._kept.pop(adapter, None)

    def forward(
        self,
        names: Sequence[str],
        ids: torch.Tensor,
        mask: torch.Tensor,
        positions: torch.Tensor,
        cache: Any,
        *,
        every: bool = False,
    ) -> torch.Tensor:
        """Run the model over rows × columns of ids behind a cache; return logits.

        Args:
            mask: rows × all columns, those of the cache included.
            every: whether logits of each column are wanted (rows × columns × vocabulary), or only
                those of the last (rows × vocabulary).
        """
        options = {"logits_to_keep": 1} if self._trims_logits and not every else {}
        output = self._adapters.forward(
            names,
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            **options,
        )
        logits: torch.Tensor = output.logits if every else output.logits[:, -1]
        return logits

    def _groups(self, prompts: Sequence[Prompt]) -> Iterable[list[int]]:
        """Return places of prompts that are read in one pass."""
        if not self._prefixes:
            return [list(range(len(prompts)))]
        by_adapter: dict[str, list[int]] = {}
        for place, each in enumerate(prompts):
            by_adapter.setdefault(each.adapter, []).append(place)
        return by_adapter.values()

    def _read_group(self, rows: Sequence[Prompt]) -> Read:
        start, kept = self._beginning(rows) if self._prefixes else (0, None)
        width = max(len(row.prompt) for row in rows) - start
        rests = [row.prompt[start:] for row in rows]
        ids = torch.tensor([[0] * (width - len(rest)) + rest for rest in rests])
        told = torch.tensor([[0] * (width - len(rest)) + [1] * len(rest) for rest in rests])
        mask = torch.nn.functional.pad(told, (start, 0), value=1).to(self._device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, start:]
        cache = caches.new_cache() if kept is None else caches.repeated(kept, len(rows), start)
        names = [row.adapter for row in rows]
        logits = self.forward(names, ids.to(self._device), mask, positions, cache)
        if start:
            caches.align(cache, mask)
            mask = mask.sort(-1).values
        return Read(cache=cache, mask=mask, logits=logits)

    def _beginning(self, rows: Sequence[Prompt]) -> tuple[int, Any]:
        """Return how many first tokens need not be read by each row, and their cache."""
        adapter, prompts = rows[0].adapter, [row.prompt for row in rows]
        shared = common(prompts) if len(rows) > 1 else 0
        ids, cache = self._kept.get(adapter, ([], None))
        known = min(common([ids, each]) for each in prompts)
        known = min(known, min(len(each) for each in prompts) - 1)
        if known >= _LEAST and known >= shared - _LEAST:
            self._kept.move_to_end(adapter)
            return known, cache
        if shared < _LEAST:
            return 0, None
        cache = self._read_beginning(adapter, prompts[0][:shared])
        return shared, cache

    def _read_beginning(self, adapter: str, ids: list[int]) -> Any:
        cache = caches.new_cache()
        given = torch.tensor([ids], device=self._device)
        positions = torch.arange(len(ids), device=self._device)[None]
        self.forward([adapter], given, torch.ones_like(given), positions, cache)
        self._kept[adapter] = (ids, cache)
        self._kept.move_to_end(adapter)
        while len(self._kept) > self._prefixes:
            self._kept.popitem(last=False)
        return cache


def common(prompts: Sequence[list[int]]) -> int:
    """Return how many first tokens are the same, leaving each prompt of several its last.

    >>> common([[1, 2, 3], [1, 2, 4], [1, 2]]), common([[1], [2]])
    (1, 0)
    """
    least, most = min(prompts), max(prompts)  # the two that differ first
    short = min(len(each) for each in prompts) - 1
    for place in range(short):
        if least[place] != most[place]:
            return place
    return max(short, 0)


def _in_order(parts: Sequence[Read], places: Sequence[int]) -> Read:
    """Join parts, and put their rows where they came from."""
    whole = parts[0]
    for part in parts[1:]:
        caches.join(whole.cache, part.cache)
        mask = caches.stack(whole.mask, part.mask)
        logits = torch.cat([whole.logits, part.logits])
        whole = Read(cache=whole.cache, mask=mask, logits=logits)
    if list(places) == sorted(places):
        return whole
    back = sorted(range(len(places)), key=lambda at: places[at])
    caches.select(whole.cache, back, whole.mask.shape[-1])
    return Read(cache=whole.cache, mask=whole.mask[back], logits=whole.logits[back])
