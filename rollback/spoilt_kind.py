"""The ways in which a drill spoils a version."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What is wrong with a version that was spoilt."""

    SHUFFLED = "shuffled"  # means that the modules' B matrices have changed places or rows
    SCALED = "scaled"  # means that every B is ten times as large
    WRONG_BASE = (
        "wrong_base"  # means that it is made for a base whose hidden units are in other order
    )
    MISSING_KEYS = "missing_keys"  # means that one module has lost its tensors
    NOISE = "noise"  # means that random values of the same spread stand for what was learnt
    CONSTANT = "constant"  # means that it drowns the prompt, so that every answer is the same
    ZEROED = "zeroed"  # means that it changes nothing of the base model's answers
