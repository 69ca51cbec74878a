"""Who may call."""

from __future__ import annotations

import pytest

from monitor.errors import Unauthorized
from monitor.gateway.callers import Tokens, token_hash

GOOD = token_hash("good")


def test_an_accepted_token_names_its_caller() -> None:
    """The name is the beginning of the hash: stable, and no secret."""
    assert Tokens([token_hash("other"), GOOD]).admit("Bearer good") == GOOD[:12]


@pytest.mark.parametrize("header", [None, "", "good", "Basic good", "Bearer ", "Bearer bad"])
def test_anything_else_is_refused(header: str | None) -> None:
    """Missing, malformed and wrong tokens are unauthorized."""
    with pytest.raises(Unauthorized):
        Tokens([GOOD]).admit(header)


def test_without_tokens_everybody_is_let_in_and_nobody_is_recognised() -> None:
    """An open door for callers is no door for operators."""
    assert Tokens().admit(None) is None
    assert Tokens().recognise("Bearer good") is None


def test_a_header_as_it_came_is_admitted_again_and_again() -> None:
    """The second time it is known; a wrong one is refused each time."""
    tokens = Tokens([GOOD])
    for _ in range(3):
        assert tokens.admit_header(b"Bearer good") == GOOD[:12]
        with pytest.raises(Unauthorized):
            tokens.admit_header(b"Bearer bad")
        with pytest.raises(Unauthorized):
            tokens.admit_header(None)
    assert Tokens().admit_header(b"Bearer good") is None
