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
