"""Log-probabilities that wait for their text."""

from __future__ import annotations

from monitor.gateway.guarding.held_logprobs import HeldLogprobs


def test_entries_go_in_their_order_once_their_text_has_gone() -> None:
    """Not while what came with them is held, nor before as many characters as their tokens have."""
    held: HeldLogprobs[str] = HeldLogprobs()
    gone = False
    held.add(["a", "b"], 4, lambda: gone)
    held.add(["c"], 2, lambda: True)
    assert held.take(6) == []
    gone = True
    assert held.take(3) == []
    assert held.take(4) == ["a", "b"]
    assert held.take(5) == []
    assert held.rest() == ["c"]
    assert held.rest() == []
