"""Operators' tokens."""

from __future__ import annotations

import hashlib

import pytest

from monitor.errors import Unauthorized
from monitor.web.tokens import OperatorTokens

TOKENS = OperatorTokens(
    {name: hashlib.sha256(name.encode()).hexdigest() for name in ("ada", "grace")},
    whereabouts="/data/operator-token",
)


def test_a_token_names_its_operator():
    """Each operator is told from the others, so that the audit log can name who acted."""
    assert (TOKENS.operator("ada"), TOKENS.operator("grace")) == ("ada", "grace")


@pytest.mark.parametrize("token", ["", "Ada", "ada ", "ü", hashlib.sha256(b"ada").hexdigest()])
def test_anything_else_is_refused_with_the_way_out(token):
    """Not even the stored hash opens; the message says where the token is."""
    with pytest.raises(Unauthorized, match="/data/operator-token"):
        TOKENS.operator(token)
