"""Measures one cell of a pilot, in JSON's own types."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from guards import grading
from guards.exchange import Message
from guards.golden_case import GoldenCase
from monitor.adaptation import base as bases
from monitor.adaptation import serving, training
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.pilot import answering, speed
from monitor.adaptation.pilot.plan import FEW_SHOT, PROMPTS, Cell, Plan
from monitor.adaptation.recipe import SERVED, Method, Recipe
from monitor.adaptation.threads import torch_threads
from monitor.errors import BadRequest

_RAW = "prompt"


def measure(plan: Plan, cell: Cell, work: Path) -> Mapping[str, Any]:
    """Return what a cell comes to; a training that is refused becomes its sentence, `failed`."""
    with torch_threads(1):
        try:
            return _measured(plan, cell, work / cell.name)
        except BadRequest as error:
            return {**asdict(cell), "failed": str(error)}


def _measured(plan: Plan, cell: Cell, made_in: Path) -> Mapping[str, Any]:
    drawn = plan.drawn(cell)
    if cell.arm in PROMPTS:
        shots = drawn if cell.arm == FEW_SHOT else ()
        tokenizer, model = serving.generator(plan.base)
        return {**asdict(cell), **_judged(plan, tokenizer, model, shots), "cost": None} | {
            "speed": {**speed.measured(model), "merged_latency_s": None, "loaded": []}
        }
    made = _made(plan, cell, drawn, made_in)
    tokenizer, model = serving.generator(plan.base, made_in)
    told = {**asdict(cell), **_judged(plan, tokenizer, model, ()), "cost": _cost(made)}
    told["speed"] = _speed(model, made_in, Method(cell.arm))
    shutil.rmtree(made_in)
    return told


def _made(plan: Plan, cell: Cell, drawn: Sequence[TrainingExample], out: Path) -> training.Made:
    if out.exists():  # trained before a kill, and not measured
        return training.opened(out)
    held = max(1, round(len(drawn) / 10))
    recipe = Recipe(method=Method(cell.arm), seed=cell.seed)
    return training.train(recipe, drawn[held:], plan.base, out, held_out=drawn[:held])


def _cost(made: training.Made) -> Mapping[str, float]:
    return {
        "trained": made.facts["parameters"]["trained"],
        "seconds": made.facts["seconds"],
        "peak_memory_bytes": made.facts["peak_memory_bytes"],
        "bytes": made.facts["bytes"],
    }


def _speed(model: Any, folder: Path, method: Method) -> Mapping[str, Any]:
    told: dict[str, Any] = dict(speed.measured(model))
    told["loaded"] = speed.with_adapters(model, folder) if method in SERVED else []
    told["merged_latency_s"] = None if method is Method.FULL else speed.merged_latency(model)
    return told


def _judged(
    plan: Plan, tokenizer: Any, model: Any, shots: Sequence[TrainingExample]
) -> Mapping[str, Any]:
    limit = bases.limit_of(model)
    prompts = [
        answering.prompt_ids(_shown(case, shots), tokenizer, limit - answering.MOST_TOKENS)
        for case in plan.cases
    ]
    started = time.monotonic()
    said = answering.answers(model, tokenizer, prompts)
    seconds = time.monotonic() - started
    return {
        "answers": [asdict(each) for each in said],
        "grades": [
            grading.grade(case.expectation, each.text).normalized
            for case, each in zip(plan.cases, said, strict=True)
        ],
        "probabilities": [math.exp(math.fsum(each.logprobs)) for each in said],
        "seconds_per_answer": seconds / len(said),
        "general_likelihood": answering.likelihood(model, tokenizer, plan.general)
        if plan.general
        else None,
    }


def _shown(case: GoldenCase, shots: Sequence[TrainingExample]) -> tuple[Message, ...]:
    """Return a case's messages with examples before them."""
    if case.messages[0].role == _RAW:
        before = "".join(f"{each.prompt}{each.completion}\n\n" for each in shots)
        return (Message(role=_RAW, content=before + case.messages[0].content),)
    turns = [
        turn
        for each in shots
        for turn in (*each.messages, Message(role="assistant", content=each.completion))
    ]
    return (*turns, *case.messages)
