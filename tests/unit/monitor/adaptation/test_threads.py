"""Tests of the number of threads."""

from __future__ import annotations

import torch

from monitor.adaptation.threads import torch_threads


def test_the_number_of_threads_holds_inside_the_block_only() -> None:
    """The earlier number comes back, also after an error."""
    before = torch.get_num_threads()
    try:
        with torch_threads(before + 1):
            assert torch.get_num_threads() == before + 1
            raise KeyError
    except KeyError:
        assert torch.get_num_threads() == before
