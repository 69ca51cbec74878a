"""The key-value cache of a running batch: rows come and go, and a step copies nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

_SPARE = 64  # columns to have in reserve, so that one step in this many copies a block


class GrowingLayer(DynamicLayer):  # type: ignore[misc]  # transformers has no types here
    """One layer's keys and values (rows × heads × width × channels), in blocks with spare room.

    transformers' own layer concatenates at every step and so copies all that was before; here
    a step writes its column into the spare room.
    """

    keys: torch.Tensor
    values: torch.Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._blocks: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add columns; return all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.replace(key_states, value_states)
            return self.keys, self.values
        start = self.keys.shape[-2]
        end = start + key_states.shape[-2]
        if self._blocks is None or self._blocks[0].shape[-2] < end:
            self._blocks = (_block(self.keys, end), _block(self.values, end))
        keys, values = self._blocks
        keys[:, :, start:end] = key_states
        values[:, :, start:end] = value_states
        self.keys, self.values = keys[:, :, :end], values[:, :, :end]
        return self.keys, self.values

    def replace(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Hold other rows or another width from now on."""
        self.keys, self.values = keys, values
        self._blocks = None


def new_cache() -> Any:
    """Return an empty cache; a model makes its layers as it goes."""
    return Cache(layer_class_to_replicate=GrowingLayer)


def join(one: Any, other: Any) -> None:
    """Put the rows of `other` below those of `one`; `one` is unchanged if memory runs out."""
    blocks = [
        (stack(a.keys, b.keys, dim=-2), stack(a.values, b.values, dim=-2))
        for a, b in zip(one.layers, other.layers, strict=True)
    ]
    for layer, (keys, values) in zip(one.layers, blocks, strict=True):
        layer.replace(keys, values)


def select(cache: Any, places: Sequence[int], width: int) -> None:
    """Keep some rows and the last `width` columns."""
    for layer in cache.layers:
        layer.replace(layer.keys[places, :, -width:], layer.values[places, :, -width:])


def repeated(one: Any, rows: int, width: int) -> Any:
    """Return a cache whose rows all begin with the first `width` columns of a cache of one row."""
    cache = new_cache()
    for place, layer in enumerate(one.layers):
        keys = layer.keys[:, :, :width].expand(rows, -1, -1, -1)
        cache.update(keys, layer.values[:, :, :width].expand(rows, -1, -1, -1), place)
    return cache


def align(cache: Any, mask: torch.Tensor) -> None:
    """Move columns so that all padding is on the left.

    Args:
        mask: rows × width, 0 where a row has padding.
    """
    if bool(mask.all()):
        return
    order = mask.sort(dim=-1, stable=True).indices[:, None, :, None]
    for layer in cache.layers:
        layer.replace(
            layer.keys.gather(2, order.expand_as(layer.keys)),
            layer.values.gather(2, order.expand_as(layer.values)),
        )


def stack(one: torch.Tensor, other: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Put rows below rows; the narrower block gets zeros on the left of dimension `dim`."""
    width = max(one.shape[dim], other.shape[dim])
    return torch.cat([_padded(one, width, dim), _padded(other, width, dim)])


def _padded(block: torch.Tensor, width: int, dim: int) -> torch.Tensor:
    behind = [0, 0] * (-dim - 1)
    return torch.nn.functional.pad(block, [*behind, width - block.shape[dim], 0])


def _block(filled: torch.Tensor, width: int) -> torch.Tensor:
    """Return a copy with room for `width` columns and some to spare."""
    rows, heads, start, channels = filled.shape
    block = filled.new_empty((rows, heads, width + _SPARE, channels))
    block[:, :, :start] = filled
    return block
