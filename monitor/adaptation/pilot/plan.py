"""What a pilot compares: arms, sizes and seeds on one golden set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from guards.golden_case import GoldenCase
from monitor.adaptation import facts, screening, splitting
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.recipe import Method
from monitor.errors import BadRequest

BARE, FEW_SHOT = "bare", "few-shot"
PROMPTS = (BARE, FEW_SHOT)
SHOTS = 4  # examples in the prompt of `few-shot`
_SPLIT = 1  # seed of what becomes a golden case: the same for every cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One measurement: an arm (a prompt or a method), its number of examples, and a seed."""

    arm: str
    size: int
    seed: int

    @property
    def name(self) -> str:
        """The name of the cell's file."""
        return f"{self.arm}-{self.size}-{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A pilot.

    Args:
        base: the base model's folder.
        pool: examples that may be trained on; none is a golden case.
        general: examples of other abilities, by which forgetting is measured.
        seeds: how many trainings of each arm and size.
    """

    base: Path
    pool: tuple[TrainingExample, ...]
    cases: tuple[GoldenCase, ...]
    general: tuple[TrainingExample, ...]
    methods: tuple[Method, ...]
    sizes: tuple[int, ...]
    seeds: int

    def cells(self) -> Iterator[Cell]:
        """Yield what is measured: prompts first, then small before large."""
        yield Cell(arm=BARE, size=0, seed=1)
        for seed in range(1, self.seeds + 1):
            yield Cell(arm=FEW_SHOT, size=min(SHOTS, len(self.pool)), seed=seed)
        for size in self.sizes:
            for method in self.methods:
                for seed in range(1, self.seeds + 1):
                    yield Cell(arm=method.value, size=size, seed=seed)

    def drawn(self, cell: Cell) -> Sequence[TrainingExample]:
        """Return a cell's examples; of one seed, a larger set begins with the smaller one."""
        order = list(self.pool)
        Random(cell.seed).shuffle(order)
        return order[: cell.size]

    @property
    def key(self) -> str:
        """Return the digest (12 hexadecimal digits) of all that decides a cell's result."""
        told = [
            facts.data_hash(self.pool),
            facts.data_hash(self.general),
            [[case.id, case.slice, repr(case.messages), case.expectation] for case in self.cases],
            [
                [file.name, facts.file_hash(file)]
                for file in sorted(self.base.glob("*.safetensors"))
            ],
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]


def planned(
    base: Path,
    examples: Sequence[TrainingExample],
    *,
    golden: Sequence[GoldenCase] = (),
    general: Sequence[TrainingExample] = (),
    methods: Sequence[Method] = (Method.LORA, Method.FULL),
    sizes: Sequence[int] = (10, 30, 100, 300),
    seeds: int = 3,
    keep: float = 0.2,
    slice_by: str = "",
) -> Plan:
    """Return the plan of a pilot: sizes as far as there are examples, the rest is left out.

    Args:
        golden: cases to measure on; a share `keep` of the examples if there is none.
        slice_by: field of the answers' JSON by which kept cases are told apart.

    Raises:
        BadRequest: for too few examples, or a golden case among them.
    """
    screening.require_enough(examples)
    if not golden:
        split = splitting.divide(examples, golden=keep, held_out=0.0, seed=_SPLIT)
        examples = split.training
        golden = [_sliced(case, slice_by) for case in splitting.cases(split.golden, _SPLIT)]
    else:
        prompts = ["\n".join(turn.content for turn in case.messages) for case in golden]
        screening.require_apart(examples, prompts)
    fitting = tuple(sorted({size for size in sizes if size <= len(examples)}))
    if not golden or not fitting:
        raise BadRequest(
            f"{len(examples)} examples to train on and {len(golden)} golden cases are too few for "
            f"a pilot of {min(sizes)} or more; give more examples or smaller --sizes"
        )
    return Plan(
        base=base,
        pool=tuple(examples),
        cases=tuple(golden),
        general=tuple(general),
        methods=tuple(methods),
        sizes=fitting,
        seeds=seeds,
    )


def _sliced(case: GoldenCase, field: str) -> GoldenCase:
    value = case.expectation["value"]
    if not field or not isinstance(value, dict):
        return case
    if field not in value:
        raise BadRequest(f"--slice-by {field}: the answers have {', '.join(sorted(value))}")
    return replace(case, slice=str(value[field]))
