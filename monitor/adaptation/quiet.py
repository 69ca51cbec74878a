"""Keeps off the terminal what libraries say while a block runs, and no person needs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers.utils import logging


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Switch transformers' progress bars off, and on again afterwards if they were on."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def no_layer_warnings() -> Iterator[None]:
    """Keep PEFT from warning about layers that it was asked for.

    The shape of a normalisation layer is read from its weight; checks of sparse tensors stay off,
    as they are by default, for good: torch warns until somebody says so.
    """
    torch.sparse.check_sparse_tensor_invariants.disable()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unsupported layer type", UserWarning)
        yield
