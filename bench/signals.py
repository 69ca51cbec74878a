"""Signals: microseconds an answer, on one core, by signal: `python -m bench.signals [--json]`.

The answers are those of 30 models to AlpacaEval's instructions, where `../shared/data` is there,
cut to about 200 tokens (900 characters; 4.5 characters are one token of English). Each has 200 made-up
log-probabilities, as an engine that gives them would. Of each batch the least of several passes
counts, in processor time, since the machine may be busy with something else. Beside them stands `len(text)`, which is what no signal can
do without.

A signal alone pays for the parts that it shares with others (the words, the lines); all of them
together pay for these once. Near-duplicates are pairs of channels with a rank correlation of .95 or more over
the answers.

    make bench-signals ARGS="--passes 9"
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy import stats

from bench import output
from bench.detection import data
from guards.exchange import Exchange, FinishReason, Message
from guards.signals import catalogue
from guards.signals.signal import Family, Signal

_BATCH = 128  # answers that the scorer takes at once
_LONGEST = 900
_TOKENS = 200
_BAR_US = 60.0
_ALIKE = 0.95


def main() -> None:
    """Time every signal, then all of them."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--passes", type=int, default=15)
    parser.add_argument("--answers", type=int, default=512)
    given = parser.parse_args()
    exchanges = _exchanges(given.answers)
    plain = [replace(each, token_logprobs=None) for each in exchanges]
    rows = [_row("len(text)", "trivial", _lengths, exchanges, given.passes)]
    for signal in catalogue.CATALOGUE:
        rows.append(_row(signal.name, signal.family.value, _one(signal), exchanges, given.passes))
    together = [
        ("all, with log-probabilities", catalogue.table, exchanges),
        ("all", catalogue.table, plain),
        ("all that drift looks at", _chosen(lambda signal: signal.is_channel), plain),
        ("all of text and repetition", _chosen(_is_of_text), plain),
    ]
    rows += [_row(name, "together", compute, of, given.passes) for name, compute, of in together]
    notes = [
        f"{len(exchanges)} answers of {_mean_length(exchanges):.0f} characters on average, "
        f"batches of {_BATCH}; the bar is {_BAR_US:.0f} µs for all signals together",
        *_duplicates(exchanges),
    ]
    output.show("Signals, µs an answer", rows, notes, given.json)


def _exchanges(count: int) -> list[Exchange]:
    rng = random.Random(1)
    every = (text for texts in data.outputs().values() for text in texts)
    answers = [text[:_LONGEST] for text in every if len(text) >= _LONGEST]
    return [
        Exchange(
            id=f"{number}",
            deployment="bench",
            started_at=datetime(2025, 6, 1, tzinfo=UTC),
            messages=(Message(role="user", content="What is the best way to do it?"),),
            output=answer,
            latency_s=1.0,
            prompt_tokens=9,
            output_tokens=_TOKENS,
            token_logprobs=tuple(-rng.expovariate(2.0) for _ in range(_TOKENS)),
            finish_reason=FinishReason.STOP,
        )
        for number, answer in enumerate(rng.sample(answers, count))
    ]


def _row(
    name: str,
    family: str,
    compute: Callable[[Sequence[Exchange]], Any],
    exchanges: Sequence[Exchange],
    passes: int,
) -> dict[str, Any]:
    batches = [exchanges[at : at + _BATCH] for at in range(0, len(exchanges), _BATCH)]
    best = sum(min(_time(compute, batch) for _ in range(passes)) for batch in batches)
    return {"signal": name, "family": family, "µs": best / len(exchanges) * 1e6}


def _time(compute: Callable[[Sequence[Exchange]], Any], batch: Sequence[Exchange]) -> float:
    started = time.process_time()
    compute(batch)
    return time.process_time() - started


def _lengths(exchanges: Sequence[Exchange]) -> list[int]:
    return [len(exchange.output) for exchange in exchanges]


def _one(signal: Signal) -> Callable[[Sequence[Exchange]], Any]:
    return lambda exchanges: catalogue.table(exchanges, (signal,))


def _chosen(wanted: Callable[[Signal], bool]) -> Callable[[Sequence[Exchange]], Any]:
    signals = tuple(filter(wanted, catalogue.CATALOGUE))
    return lambda exchanges: catalogue.table(exchanges, signals)


def _is_of_text(signal: Signal) -> bool:
    return signal.family in (Family.TEXT, Family.REPETITION)


def _mean_length(exchanges: Sequence[Exchange]) -> float:
    return sum(map(len, (each.output for each in exchanges))) / len(exchanges)


def _duplicates(exchanges: Sequence[Exchange]) -> list[str]:
    """Return a sentence for each two channels that order these answers nearly alike."""
    signals = [signal for signal in catalogue.CATALOGUE if signal.is_channel]
    values = catalogue.table(exchanges, signals).values
    varied = [column for column in range(len(signals)) if _varies(values[:, column])]
    names = [signals[column].name for column in varied]
    ranks = np.abs(stats.spearmanr(values[:, varied], nan_policy="omit").statistic)
    pairs = np.argwhere(np.triu(ranks >= _ALIKE, k=1)).tolist()
    found = [f"{names[a]} and {names[b]} order alike: {ranks[a, b]:.3f}" for a, b in pairs]
    constant = [signal.name for signal in signals if signal.name not in names]
    return [*found, f"constant or undefined on these answers: {', '.join(constant)}"]


def _varies(values: np.ndarray[Any, Any]) -> bool:
    known = values[~np.isnan(values)]
    return len(known) == len(values) and bool(np.ptp(known) > 0)


if __name__ == "__main__":
    main()
