"""The `openai` package for Node sees the same directly and through Backstop: `make test-clients`."""

from __future__ import annotations

import pytest

from tests.clients import node_suite
from tests.clients.target import Target

pytestmark = [pytest.mark.integration, pytest.mark.clients]


def test_node(direct: Target, through: Target) -> None:
    """Node's client gets equal objects, and equal errors, in every scenario."""
    ours, theirs = node_suite.run(through), node_suite.run(direct)
    assert len(ours) > 20
    assert {name: seen for name, seen in ours.items() if seen != theirs[name]} == {}
    assert ours.keys() == theirs.keys()
