"""Detection: microseconds an answer on one core: `python -m bench.detection_speed [--json]`.

Answers go the service's own way in one process: the assessor (signals, faults, scores against a
frozen reference of 300 answers, the prompt's category, hashed words), then the judge (e-processes
and the classifier). They are those of one model to AlpacaEval's instructions, cut to 900 characters,
which is about 200 tokens; the reference is of the same model. Who answers the stream's later rounds
says the same again under new ids.

Processor time, of each batch the least of several passes, since the machine may be busy with
something else. The parts are timed each by itself; what is left of the whole are the records that
hold it together. "Embedding" is the default, weight-free one. Peers: river's ADWIN on as many
channels, without any signal computed for it.

    make bench-detection_speed ARGS="--passes 9"
"""

from __future__ import annotations

import gc
import random
import subprocess
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from threadpoolctl import threadpool_limits

from bench import output
from bench.detection import data
from bench.peers import drift as peers
from guards.exchange import Exchange, FinishReason, Message
from guards.layout import Layout
from guards.reference import Reference
from guards.signals import catalogue
from guards.signals.batch import Batch
from monitor.ports.evidence import JudgeState
from monitor.runtime.scoring.assessor import Assessor
from rollback.deployment import Deployment
from rollback.judge import Judge
from rollback.judge_settings import JudgeSettings
from rollback.observation import Observation

_NAME, _VERSION, _MODEL = "support", "support@3f9a2c1d7b04", "Qwen1.5-14B-Chat"
_LONGEST, _TOKENS = 900, 200
_REFERENCE = 300
_BATCHES = (64, 256)
_BAR = 5_000
_START = datetime(2026, 1, 1, tzinfo=UTC)
_ADWIN = """
import sys, time, random
from river import drift
channels, steps = int(sys.argv[1]), int(sys.argv[2])
detectors = [drift.ADWIN() for _ in range(channels)]
draw = random.Random(0)
rows = [[draw.random() for _ in range(channels)] for _ in range(steps)]
began = time.process_time()
for row in rows:
    for detector, value in zip(detectors, row):
        detector.update(value)
print((time.process_time() - began) / steps * 1e6)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """One deployment and its reference, as the assessor reads them."""

    payload: bytes

    def all(self) -> Sequence[Deployment]:
        """Return the deployments."""
        active = Deployment(
            name=_NAME, active=_VERSION, epoch=1, promoted_at=_START, confirmed=True
        )
        return [active]

    def judge_state(self, deployment: str) -> JudgeState | None:
        """Return no state: the judge is new."""
        return None

    def reference(self, deployment: str, version: str | None) -> bytes | None:
        """Return the reference."""
        return self.payload

    def wrong_answers(self, deployment: str, version: str | None) -> None:
        """Return nothing: no golden run has taught what wrong answers look like."""
        return

    def drafted(self, deployment: str, epoch: int) -> tuple[bytes, int] | None:
        """Return nothing: no version is being confirmed."""
        return None


def main() -> None:
    """Time the whole and its parts for each size of batch."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--answers", type=int, default=2048)
    parser.add_argument("--no-peers", action="store_true")
    given = parser.parse_args()
    usual, stream = _answers(given.answers)
    reference = Reference.from_bytes(Reference.fit(usual, seed=0, key=b"bench").to_bytes())
    gc.collect()
    gc.freeze()  # as the service does with what it has loaded
    rows: list[dict[str, Any]] = []
    with threadpool_limits(1):
        for size in _BATCHES:
            rows += _table(reference, stream, size, given.passes)
        fuller = [_with_logprobs(each) for each in stream]
        rows += _table(reference, fuller, _BATCHES[-1], given.passes, ", with log-probabilities")
    if not given.no_peers:
        rows += _peer_rows(len(reference.channels))
    notes = [
        f"{len(stream)} answers of {sum(len(e.output) for e in stream) / len(stream):.0f} characters, "
        f"{len(reference.channels)} channels and {_categories(reference)} categories in the reference; "
        f"the bar is {_BAR:,} answers/s, embeddings apart"
    ]
    output.show("Detection, µs of processor time an answer", rows, notes, given.json)


def _categories(reference: Reference) -> int:
    return 1 if reference.categories is None else reference.categories.count


def _answers(count: int) -> tuple[list[Exchange], list[Exchange]]:
    """Return the answers of the reference and those of the stream."""
    long = [
        (prompt, text[:_LONGEST])
        for prompt, text in zip(data.prompts(), data.outputs()[_MODEL], strict=True)
        if len(text) >= _LONGEST
    ]
    random.Random(1).shuffle(long)
    usual, rest = long[:_REFERENCE], long[_REFERENCE:]
    made = [_exchange(number, *rest[number % len(rest)]) for number in range(count)]
    return [_exchange(-1 - number, *each) for number, each in enumerate(usual)], made


def _exchange(number: int, prompt: str, text: str) -> Exchange:
    return Exchange(
        id=f"chatcmpl-{number}",
        deployment=_NAME,
        adapter=_VERSION,
        epoch=1,
        started_at=_START + timedelta(seconds=number),
        messages=(Message(role="user", content=prompt),),
        output=text,
        latency_s=1.0,
        first_token_s=0.1,
        prompt_tokens=len(prompt) // 4,
        output_tokens=_TOKENS,
        finish_reason=FinishReason.STOP,
        caller=f"caller-{number % 50}",
    )


def _with_logprobs(exchange: Exchange) -> Exchange:
    """Return the answer with made-up log-probabilities and entropies, as an engine gives them."""
    draw = random.Random(exchange.id)
    logprobs = tuple(-draw.expovariate(2.0) for _ in range(_TOKENS))
    entropies = tuple(draw.random() for _ in range(_TOKENS))
    return replace(exchange, token_logprobs=logprobs, token_entropies=entropies)


def _table(
    reference: Reference, stream: Sequence[Exchange], size: int, passes: int, more: str = ""
) -> list[dict[str, Any]]:
    """Return a row for each part, and for the whole with and without embeddings."""
    batches = [stream[at : at + size] for at in range(0, len(stream), size)]
    observed = _observations(reference, batches)
    timed = {
        name: _least([lambda part=part, of=of: part(of) for of in batches], passes, len(stream))
        for name, part in _parts(reference).items()
    }
    timed["judging"] = _judging(reference, observed, passes, len(stream))
    assessed = min(_assessing(reference, batches) for _ in range(passes)) / len(stream) * 1e6
    whole = assessed + timed["judging"]
    timed["records around them"] = whole - sum(
        us for name, us in timed.items() if not name.startswith("floor")
    )
    embedding = timed["embedding of answers"]
    named = {
        **timed,
        "all": whole,
        "all but the answers' embedding": whole - embedding,
        "all but both embeddings": whole - embedding - timed["category of the prompt"],
    }
    return [
        {"part": name, "answers at once": f"{size}{more}", "µs": us, "answers/s": _rate(name, us)}
        for name, us in named.items()
    ]


def _rate(name: str, us: float) -> str:
    return f"{1e6 / us:,.0f}" if name.startswith("all") else ""


def _parts(reference: Reference) -> Mapping[str, Callable[[Sequence[Exchange]], Any]]:
    categories = reference.categories
    assert categories is not None
    tables: dict[int, Any] = {}
    layouts: dict[int, Layout] = {}

    def scores(batch: Sequence[Exchange]) -> Any:
        return _scores(reference, tables[id(batch)], batch)

    def signals(exchanges: Sequence[Exchange]) -> Any:
        batch = Batch(exchanges)
        tables[id(exchanges)] = catalogue.table(batch)
        layouts[id(exchanges)] = batch.layout

    return {
        "floor: zlib alone": lambda batch: [zlib.compress(e.output.encode(), 1) for e in batch],
        "floor: length alone": lambda batch: [len(e.output) for e in batch],
        "signals": signals,
        "embedding of answers": lambda batch: reference.novelty.scores([e.output for e in batch]),
        "category of the prompt": lambda batch: categories.prompts.place([e.prompt for e in batch]),
        "words": lambda batch: reference.words(layouts[id(batch)]),
        "scores and surprise": scores,
    }


def _scores(reference: Reference, table: Any, batch: Sequence[Exchange]) -> Any:
    silent = replace(reference, novelty=_Silent())  # type: ignore[arg-type]
    return silent.outlier_p_values(silent.scores_of(table, batch))


class _Silent:
    """A novelty that takes no time."""

    def scores(self, texts: Sequence[str], embedded: object = None) -> Any:
        """Return zeros."""
        import numpy as np

        return np.zeros(len(texts))


def _observations(
    reference: Reference, batches: Sequence[Sequence[Exchange]]
) -> list[list[Observation]]:
    assessor = _assessor(reference)
    return [[each.observation for each in assessor.assess(batch).observed] for batch in batches]


def _assessor(reference: Reference) -> Assessor:
    stores = Stores(payload=reference.to_bytes())
    assessor = Assessor(stores, stores, {_NAME: _REFERENCE}, {})
    assessor.refresh()
    return assessor


def _assessing(reference: Reference, batches: Sequence[Sequence[Exchange]]) -> float:
    assessor = _assessor(reference)
    return sum(_time(lambda batch=batch: assessor.assess(batch)) for batch in batches)


def _judging(
    reference: Reference, observed: Sequence[Sequence[Observation]], passes: int, count: int
) -> float:
    def once() -> float:
        judge = Judge(
            deployment=_NAME,
            epoch=1,
            adapter=_VERSION,
            settings=JudgeSettings(),
            reference=reference.channels,
            usual=reference.usual,
            grades=reference.grades,
            categories=reference.categories,
            callers=reference.callers,
        )
        return _time(lambda: [judge.observe_all(batch) for batch in observed])

    return min(once() for _ in range(passes)) / count * 1e6


def _least(calls: Sequence[Callable[[], Any]], passes: int, count: int) -> float:
    rounds = [[_time(call) for call in calls] for _ in range(passes)]
    return sum(map(min, zip(*rounds, strict=True))) / count * 1e6


def _time(call: Callable[[], Any]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def _peer_rows(channels: int) -> list[dict[str, Any]]:
    python = peers.installed("river")
    if python is None:
        return []
    command = [str(python), "-c", _ADWIN, str(channels), "5000"]
    us = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [
        {
            "part": f"river's ADWIN on {channels} channels",
            "answers at once": "1",
            "µs": us,
            "answers/s": f"{1e6 / us:,.0f}",
        }
    ]


if __name__ == "__main__":
    main()
