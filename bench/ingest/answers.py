"""Answers with all their signals and scores: real texts where there are any, else generated ones."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from uuid import uuid4

from guards import words
from guards.assessment import Assessed, assess
from guards.constancy import ConstantAnswers
from guards.exchange import Exchange, FinishReason, Message
from guards.reference import Reference
from monitor.ports.record import Observed, ScoredBatch
from rollback.observation import Observation

SHARED = Path(os.environ.get("BACKSTOP_SHARED_DATA", "../shared/data")) / "alpaca_eval"
_WORDS = ("you", "may", "return", "what", "you", "bought", "within", "thirty", "days", "of", "it")
_numbers = count()


def assessed(answers: Sequence[Exchange], reference: Reference) -> tuple[list[Assessed], float]:
    """Return the answers assessed, and how many seconds one took."""
    began = time.perf_counter()
    found: list[Assessed] = []
    for start in range(0, len(answers), 500):
        found += assess(answers[start : start + 500], reference, ConstantAnswers())
    return found, (time.perf_counter() - began) / len(answers)


def batch(templates: Sequence[Assessed]) -> ScoredBatch:
    """Return the answers as new ones: with other ids, begun now."""
    now = datetime.now(UTC)
    scored, observed = [], []
    for place, each in enumerate(templates):
        at = now + timedelta(microseconds=place)
        exchange = replace(each.scored.exchange, id=f"chatcmpl-{uuid4().hex}", started_at=at)
        scored.append(replace(each.scored, exchange=exchange))
        observed.append(
            Observed(
                deployment=exchange.deployment,
                adapter=exchange.adapter,
                epoch=exchange.epoch,
                own_reference=True,
                observation=Observation(
                    exchange_id=exchange.id,
                    at=at,
                    scores=each.scores,
                    fault=each.fault,
                    words=_words(exchange.output),
                ),
            )
        )
    return ScoredBatch(replica="bench", number=next(_numbers), scored=scored, observed=observed)


@cache
def _words(output: str) -> bytes:
    return words.packed(output, b"bench")


def exchanges() -> Iterator[Exchange]:
    """Yield answers of one version, the same at each call."""
    rng = random.Random(0)
    for prompt, answer in _texts(rng):
        tokens = max(1, len(answer) // 4)
        yield Exchange(
            id="",
            deployment="support",
            started_at=datetime.now(UTC),
            messages=(Message(role="user", content=prompt),),
            output=answer,
            adapter="support@3f9a2c1d7b04",
            epoch=3,
            latency_s=0.2 + rng.random(),
            first_token_s=rng.random() / 5,
            prompt_tokens=len(prompt) // 4,
            output_tokens=tokens,
            token_logprobs=tuple(-rng.expovariate(2.0) for _ in range(tokens)),
            finish_reason=FinishReason.STOP,
            caller=f"caller-{rng.randrange(1000)}",
            tags={"request_id": f"{rng.getrandbits(128):032x}"},
        )


def _texts(rng: random.Random) -> Iterator[tuple[str, str]]:
    if not SHARED.is_dir():
        while True:
            yield (
                " ".join(rng.choices(_WORDS, k=20)),
                " ".join(rng.choices(_WORDS, k=rng.randrange(20, 300))),
            )
    with gzip.open(SHARED / "instructions.json.gz", "rt") as file:
        prompts = json.load(file)
    with lzma.open(SHARED / "model_outputs.jsonl.xz", "rt") as file:
        for line in file:
            found = json.loads(line)
            yield str(prompts[found["i"]]), found["output"]
