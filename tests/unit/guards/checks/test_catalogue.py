"""Guards from plain settings."""

from __future__ import annotations

from typing import Any

import pytest

from guards.checks.catalogue import CATALOGUE, UnknownGuard, build
from guards.checks.judgement import Mode
from tests.unit.guards.checks.samples import CONTEXT, SYSTEM


def test_every_guard_goes_by_its_name_in_the_catalogue() -> None:
    """Settings, counts and records share the name."""
    built = build({name: {} for name in CATALOGUE})
    assert [each.guard.name for each in built] == list(CATALOGUE)


def test_a_guard_observes_unless_told_otherwise() -> None:
    """Nobody's answers are held back by accident."""
    (observing, blocking) = build({"secrets": {}, "canary": {"mode": "block"}})
    assert (observing.mode, blocking.mode) == (Mode.OBSERVE, Mode.BLOCK)


def test_options_reach_the_guard() -> None:
    """Kinds limit what is looked for, words set how long a run must be."""
    (personal, leak) = build({"personal_data": {"kinds": ["iban"]}, "system_prompt": {"words": 4}})
    assert personal.guard.check("anna@gmail.com", CONTEXT) == ()
    assert leak.guard.check(" ".join(SYSTEM.split()[:4]), CONTEXT)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pii": {}}, "no guard 'pii'; there are personal_data, secrets"),
        ({"canary": {"mode": "stop"}}, "mode is one of observe, flag, block"),
        ({"canary": {"words": 3}}, "no option 'words'; it has mode"),
        ({"secrets": {"kinds": ["iban"]}}, "finds no 'iban'; it finds anthropic_key"),
        ({"system_prompt": {"words": 1}}, "at least 2, not 1"),
        ({"system_prompt": {"words": True}}, "at least 2, not True"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(
    settings: dict[str, dict[str, Any]], message: str
) -> None:
    """A misspelt guard would guard nothing."""
    with pytest.raises(UnknownGuard, match=message):
        build(settings)
