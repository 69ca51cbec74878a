"""Signals of agreement: how far an answer is from another version's answer to the same prompt.

With log-probabilities of the chosen tokens alone, the divergence of two versions can be estimated
where both wrote the same tokens: the mean of log p - log q over them has the expectation
KL(p, q) per token if they were drawn from p, at temperature 1, and given that both wrote them. An
engine that scores given tokens would be needed for all others; there words and embeddings tell.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from guards import ngrams
from guards.exchange import Exchange
from guards.signals.signal import PairSignal, Tail, Values, column

Pair = tuple[Exchange, Exchange]
Encode = Callable[[Sequence[str]], NDArray[np.floating]]


def word_distance(answer: Exchange, other: Exchange) -> float:
    """Return 1 - Dice's coefficient of the words, each as often as it occurs; NaN for no words."""
    return _word_distance(answer.output, other.output)


def conclusion_distance(answer: Exchange, other: Exchange) -> float:
    """Return what `word_distance` does, of the last lines alone: there is what answers come to."""
    return _word_distance(_last_line(answer.output), _last_line(other.output))


def common_beginning(answer: Exchange, other: Exchange) -> float:
    """Return the share of the longer answer's words before the first that differs."""
    own, others = answer.output.split(), other.output.split()
    same = 0
    for word, counterpart in zip(own, others, strict=False):
        if word != counterpart:
            break
        same += 1
    longer = max(len(own), len(others))
    return same / longer if longer else math.nan


def self_consistency(answer: Exchange, other: Exchange) -> float:
    """Return the share of words that both answers have, if one version gave both; else NaN.

    A version that answers the same prompt in another way each time is seldom sure of any
    (SelfCheckGPT; Manakul et al., 2023).
    """
    return 1 - word_distance(answer, other) if answer.adapter == other.adapter else math.nan


def token_divergence(answer: Exchange, other: Exchange) -> float:
    """Return the mean of log p - log q over the tokens, where both answers are the same tokens."""
    if answer.output != other.output or not _same_length(answer, other):
        return math.nan
    return _mean(answer) - _mean(other)


def confidence_gap(answer: Exchange, other: Exchange) -> float:
    """Return the mean log-probability of the answer less the other's, each under its own model."""
    return _mean(answer) - _mean(other)


def distance_by(encode: Encode) -> Callable[[Sequence[Pair]], Values]:
    """Return the cosine distance of the answers' embeddings, in [0, 2]; NaN for a zero vector.

    Args:
        encode: texts to vectors (n, dimensions).
    """

    def compute(pairs: Sequence[Pair]) -> Values:
        if not pairs:
            return np.empty(0)
        answers = _unit(encode([answer.output for answer, _ in pairs]))
        others = _unit(encode([other.output for _, other in pairs]))
        return np.asarray(np.clip(1 - (answers * others).sum(axis=1), 0, 2))

    return compute


def embedding_distance(encode: Encode) -> PairSignal:
    """Return the signal of the distance by an embedder of the operator's choice."""
    return PairSignal(
        name="embedding_distance",
        unit="",
        low=0,
        high=2,
        meaning="distance of the embeddings",
        tail=Tail.UPPER,
        compute=distance_by(encode),
    )


def _word_distance(text: str, other: str) -> float:
    own, others = Counter(text.lower().split()), Counter(other.lower().split())
    total = own.total() + others.total()
    return 1 - 2 * (own & others).total() / total if total else math.nan


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]


def _same_length(answer: Exchange, other: Exchange) -> bool:
    return len(answer.token_logprobs or ()) == len(other.token_logprobs or ())


def _mean(exchange: Exchange) -> float:
    logprobs = exchange.token_logprobs or ()
    total = sum(logprobs)
    return total / len(logprobs) if logprobs and math.isfinite(total) else math.nan


def _unit(vectors: NDArray[np.floating]) -> Values:
    exact = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(exact, axis=1, keepdims=True)
    unknown = np.full(exact.shape, np.nan)
    return np.asarray(np.divide(exact, norms, out=unknown, where=norms > 0))


def _each(measure: Callable[[Exchange, Exchange], float]) -> Callable[[Sequence[Pair]], Values]:
    return lambda pairs: column(measure(answer, other) for answer, other in pairs)


def _counts(texts: Sequence[str]) -> NDArray[np.floating]:
    return ngrams.counts(texts).to_table()


PAIR_SIGNALS = (
    PairSignal(
        name="word_distance",
        unit="",
        low=0,
        high=1,
        meaning="share of words that differ",
        tail=Tail.UPPER,
        compute=_each(word_distance),
    ),
    PairSignal(
        name="conclusion_distance",
        unit="",
        low=0,
        high=1,
        meaning="share of words of the last line that differ",
        tail=Tail.UPPER,
        compute=_each(conclusion_distance),
    ),
    PairSignal(
        name="ngram_distance",
        unit="",
        low=0,
        high=1,
        meaning="distance by n-grams of characters",
        tail=Tail.UPPER,
        compute=distance_by(_counts),
    ),
    PairSignal(
        name="common_beginning",
        unit="",
        low=0,
        high=1,
        meaning="share of words before the first difference",
        tail=Tail.LOWER,
        compute=_each(common_beginning),
    ),
    PairSignal(
        name="self_consistency",
        unit="",
        low=0,
        high=1,
        meaning="share of words that it says again when asked again",
        tail=Tail.LOWER,
        compute=_each(self_consistency),
    ),
    PairSignal(
        name="token_divergence",
        unit="nats",
        low=-math.inf,
        high=math.inf,
        meaning="divergence for each token of equal answers",
        tail=Tail.BOTH,
        compute=_each(token_divergence),
    ),
    PairSignal(
        name="confidence_gap",
        unit="nats",
        low=-math.inf,
        high=math.inf,
        meaning="gap of the mean log-probabilities",
        tail=Tail.BOTH,
        compute=_each(confidence_gap),
    ),
)
