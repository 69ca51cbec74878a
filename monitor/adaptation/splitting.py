"""Divides examples into those that train, those that choose the checkpoint, and golden cases."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from guards.golden_case import GoldenCase
from monitor.adaptation import similar
from monitor.adaptation.examples import TrainingExample


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Examples by what they are used for; none is alike to one of another part.

    Args:
        doubles: how many examples were left out because the same one stands before them.
    """

    training: tuple[TrainingExample, ...]
    held_out: tuple[TrainingExample, ...]
    golden: tuple[TrainingExample, ...]
    doubles: int


def divide(
    examples: Sequence[TrainingExample], *, golden: float, held_out: float, seed: int
) -> Split:
    """Divide examples at random, those with alike prompts together.

    Args:
        golden: share that becomes golden cases; of what is left, `held_out` is held out.
    """
    distinct = list(dict.fromkeys(examples))
    order = _shuffled(distinct, seed)
    tested, rest = _taken(order, round(golden * len(distinct)))
    left = sum(map(len, rest))
    chosen, trained = _taken(rest, round(held_out * left))
    return Split(
        training=_flat(trained),
        held_out=_flat(chosen),
        golden=_flat(tested),
        doubles=len(examples) - len(distinct),
    )


def cases(examples: Iterable[TrainingExample], seed: int) -> list[GoldenCase]:
    """Return golden cases of examples; JSON is compared as JSON."""
    return [
        GoldenCase(
            id=f"kept-{seed}-{index:03d}",
            messages=example.messages,
            expectation=_expectation(example.completion),
        )
        for index, example in enumerate(examples)
    ]


_Groups = list[list[TrainingExample]]


def _shuffled(examples: Sequence[TrainingExample], seed: int) -> _Groups:
    together: dict[int, list[TrainingExample]] = defaultdict(list)
    firsts = similar.groups([example.prompt for example in examples])
    for first, example in zip(firsts, examples, strict=True):
        together[first].append(example)
    found = list(together.values())
    Random(seed).shuffle(found)
    return found


def _taken(order: _Groups, count: int) -> tuple[_Groups, _Groups]:
    """Take whole groups from the front while they fit into `count`."""
    taken: _Groups = []
    left: _Groups = []
    for group in order:
        fits = sum(map(len, taken)) + len(group) <= count
        (taken if fits else left).append(group)
    return taken, left


def _flat(groups: _Groups) -> tuple[TrainingExample, ...]:
    return tuple(example for group in groups for example in group)


def _expectation(completion: str) -> dict[str, Any]:
    try:
        value = json.loads(completion)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return {"kind": "json", "value": value}
    return {"kind": "exact", "value": completion}
