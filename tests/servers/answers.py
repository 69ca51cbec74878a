"""What a server without a model answers: words that depend on the prompt and the adapter only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

LONGEST_PROMPT = 512  # words
_WORDS = (
    "the",
    "router",
    "blinks",
    "red",
    "since",
    "monday",
    "and",
    "naïve",
    "あり",
    "🙂",
    "is",
    "!",
)
_NATURAL_END = 24  # words


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A token of an answer."""

    id: int
    text: str
    logprob: float


def written(adapter: str | None, prompt: str, most: int) -> tuple[list[Word], str]:
    """Return an answer's words and why it ended: `stop` or `length`."""
    words = [_word(adapter, prompt, index) for index in range(min(most, _NATURAL_END))]
    return words, "length" if most <= _NATURAL_END else "stop"


def _word(adapter: str | None, prompt: str, index: int) -> Word:
    seed = hashlib.sha256(f"{adapter}\0{prompt}\0{index}".encode()).digest()
    number = seed[0] % len(_WORDS)
    return Word(id=number, text=f" {_WORDS[number]}", logprob=-(seed[1] + 1) / 64)


def number_of(word: str) -> int:
    """Return a token's number."""
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:2])


def scored(adapter: str | None, ids: list[int]) -> list[dict[str, dict[str, object]] | None]:
    """Return how likely each token of a prompt is after those before it, in vLLM's form."""
    told: list[dict[str, dict[str, object]] | None] = [None]
    for place in range(1, len(ids)):
        seed = hashlib.sha256(f"{adapter}\0{ids[: place + 1]}".encode()).digest()
        found = {"logprob": -(seed[0] + 1) / 64, "rank": 1, "decoded_token": "?"}
        told.append({str(ids[place]): found})
    return told
