"""Tests of keeping progress bars off the terminal."""

from __future__ import annotations

import pytest
from transformers.utils import logging

from monitor.adaptation.quiet import no_progress_bars


@pytest.mark.parametrize("shown", [True, False])
def test_progress_bars_come_back_only_if_they_were_on(shown: bool) -> None:
    """Inside the block they are off; afterwards they are as before."""
    before = logging.is_progress_bar_enabled()
    _show(shown)
    with no_progress_bars():
        assert not logging.is_progress_bar_enabled()
    assert logging.is_progress_bar_enabled() is shown
    _show(before)


def _show(shown: bool) -> None:
    (logging.enable_progress_bar if shown else logging.disable_progress_bar)()
