"""Operators' tokens."""

from __future__ import annotations

import hashlib

import pytest

from monitor.config import Role
from monitor.errors import Unauthorized
from monitor.web.tokens import Holder, OperatorTokens, Person

PEOPLE = (Person(name="ada", role=Role.ADMIN), Person(name="grace", role=Role.VIEWER))
TOKENS = OperatorTokens(
    [
        Holder(token_hash=hashlib.sha256(each.name.encode()).hexdigest(), person=each)
        for each in PEOPLE
    ],
    whereabouts="/data/operator-token",
)


def test_a_token_names_its_operator():
    """Each operator is told from the others, so that the audit log can name who acted."""
    assert (TOKENS.person("ada"), TOKENS.person("grace")) == PEOPLE


@pytest.mark.parametrize("token", ["", "Ada", "ada ", "ü", hashlib.sha256(b"ada").hexdigest()])
def test_anything_else_is_refused_with_the_way_out(token):
    """Not even the stored hash opens; the message says where the token is."""
    with pytest.raises(Unauthorized, match="/data/operator-token"):
        TOKENS.person(token)
