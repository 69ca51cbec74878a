"""Which waiting requests join the running batch."""

from __future__ import annotations

from monitor.engines.packing import Packing
from monitor.engines.prefill import common


def test_a_batch_is_refilled_when_an_eighth_of_its_rows_is_free() -> None:
    """Each refill moves the cache, so single rows wait."""
    packing = Packing(rows=16, ahead=32)
    assert (packing.room(15), packing.room(14), packing.room(0)) == (0, 2, 16)


def test_requests_that_are_not_sorted_join_as_soon_as_a_row_is_free() -> None:
    """Callers of the service wait for nobody."""
    assert Packing(rows=16).room(15) == 1


def test_rows_join_as_far_as_the_columns_go_padding_included() -> None:
    """The widest row counts for all of them."""
    packing = Packing(rows=8, columns=100)
    assert packing.fitting([10, 40, 10], []) == 2
    assert packing.fitting([10, 10], [50]) == 1


def test_a_row_that_is_wider_than_all_columns_runs_alone() -> None:
    """It would wait for ever otherwise."""
    packing = Packing(rows=8, columns=100)
    assert packing.fitting([200, 10], []) == 1
    assert packing.fitting([200], [10]) == 0


def test_prompts_keep_a_token_of_their_own_behind_what_they_share() -> None:
    """The logits of a prompt come from its last token."""
    assert common([[1, 2, 3], [1, 2, 3]]) == 2
    assert common([[1, 2], [3, 2]]) == 0
