"""Sets how many threads torch computes with while a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Compute with `count` threads, and with as many as before afterwards.

    Small models gain little from a second thread, and lose much where cores are shared: threads
    that wait for each other spin. The count also decides the order of sums, so the bytes.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
