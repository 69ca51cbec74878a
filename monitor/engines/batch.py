"""The running batch: rows that share one pass of the model per token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from monitor.engines import cache as caches
from monitor.engines.prefill import Reader
from monitor.engines.row import Row


class RunningBatch:
    """Rows with their key-value cache, padded on the left.

    Rows join by `admit` and leave by `keep` between steps (iteration-level scheduling: Yu et
    al., Orca, OSDI 2022); nothing a row does changes what another computes.

    The cache holds, per layer, keys and values of shape rows × heads × width × channels; the
    mask (rows × width) is 0 where a row has padding. Call inside `torch.inference_mode`.
    """

    def __init__(self, reader: Reader, device: torch.device) -> None:
        self.rows: list[Row] = []
        self._reader = reader
        self._device = device
        self._cache: Any = None
        self._mask = torch.ones((0, 0), dtype=torch.long, device=device)

    def admit(self, rows: Sequence[Row]) -> torch.Tensor:
        """Read the prompts of new rows and add them; return their logits (rows × vocabulary)."""
        read = self._reader.read(rows)
        if self.rows:
            caches.join(self._cache, read.cache)
            self._mask = caches.stack(self._mask, read.mask)
        else:
            self._cache, self._mask = read.cache, read.mask
        self.rows.extend(rows)
        return read.logits

    def step(self) -> torch.Tensor:
        """Feed every row its last token; return the logits after it (rows × vocabulary)."""
        ids = torch.tensor([[row.last_id] for row in self.rows], device=self._device)
        mask = torch.nn.functional.pad(self._mask, (0, 1), value=1)
        positions = mask.sum(-1, keepdim=True) - 1
        names = [row.adapter for row in self.rows]
        logits = self._reader.forward(names, ids, mask, positions, self._cache)
        self._mask = mask
        return logits

    def keep(self, rows: Sequence[Row]) -> None:
        """Drop all other rows, and the padding that nobody needs any more."""
        if len(rows) == len(self.rows):
            return
        if not rows:
            self.clear()
            return
        places = [self.rows.index(row) for row in rows]
        # The last accepted token of a row is not in the cache before the next step.
        width = max(row.length for row in rows) - 1
        caches.select(self._cache, places, width)
        self._mask = self._mask[places, -width:]
        self.rows = list(rows)

    def clear(self) -> None:
        """Drop every row."""
        self.rows = []
        self._cache = None
