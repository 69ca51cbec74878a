"""Keeps off the terminal what libraries say while a block runs, and no person needs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

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
    """Keep PEFT from warning that it does not know the shape of a normalisation layer.

    Tuning those is what was asked for, and their shape is read from the weight.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unsupported layer type", UserWarning)
        yield
