"""Canary tokens."""

from __future__ import annotations

import base64

import pytest

from guards.checks import pattern_guard
from guards.checks.context import GuardContext
from tests.unit.guards.checks.samples import CANARY, CONTEXT


@pytest.mark.parametrize(
    "shown",
    [
        CANARY,
        CANARY.upper(),
        CANARY[::-1],
        CANARY.encode().hex(),
        "\u200b".join(CANARY),
        "\U000e0101".join(CANARY),
        "\x1b".join(CANARY),
        "".join(f"%{ord(each):02X}" for each in CANARY),
        "".join(f"\\u{ord(each):04X}" for each in CANARY),
        f"x{CANARY}y",
        *(base64.b64encode(b"?" * before + CANARY.encode() + b"!").decode() for before in range(3)),
    ],
)
def test_a_canary_is_found_in_its_usual_disguises(shown: str) -> None:
    """Case, direction, hexadecimal, Base64 at each place, invisible characters."""
    found = pattern_guard.canaries().check(f"It is {shown}.", CONTEXT)
    assert [each.kind for each in found] == ["canary"]


def test_another_token_is_no_canary() -> None:
    """One character is enough to tell."""
    assert pattern_guard.canaries().check(f"It is {CANARY[:-1]}0.", CONTEXT) == ()


@pytest.mark.parametrize("token", ["short", "with a space", "naïve-token", "x" * 129])
def test_a_canary_must_be_one_long_plain_word(token: str) -> None:
    """A short one would turn up by chance; one with spaces would span words."""
    with pytest.raises(ValueError, match="canary token"):
        GuardContext(canaries=(token,))
