"""Changes of version among real models, and the runs over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

REFERENCE, STREAM = 300, 505

CHAINS = (
    ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"),
    ("gpt-3.5-turbo-0613", "gpt-3.5-turbo-1106"),
    ("gpt-3.5-turbo-1106", "gpt-3.5-turbo-1106_concise"),
    ("gpt-3.5-turbo-1106", "gpt-3.5-turbo-1106_verbose"),
    ("Mistral-7B-Instruct-v0.2", "Mistral-7B-Instruct-v0.3"),
    ("Mistral-7B-Instruct-v0.2", "Mistral-7B-ReMax-v0.1"),
    ("Mistral-7B-Instruct-v0.2", "Snorkel-Mistral-PairRM-DPO"),
    ("vicuna-7b", "vicuna-7b-v1.3"),
    ("vicuna-7b-v1.3", "vicuna-7b-v1.5"),
    ("vicuna-13b", "vicuna-13b-v1.3"),
    ("openchat-13b", "openchat-v2-13b"),
    ("openchat-v2-13b", "openchat-v3.1-13b"),
    ("tulu-2-dpo-7b", "tulu-2-dpo-13b"),
    ("phi-2-sft", "phi-2-dpo"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One order of the prompts: the first ones for the reference, the others for the stream.

    Args:
        after: the model that gives the stream; `before` again in an A/A run.
    """

    before: str
    after: str
    seed: int
    usual: Sequence[int]
    stream: Sequence[int]

    @property
    def is_change(self) -> bool:
        """Whether another model answers."""
        return self.before != self.after

    @property
    def name(self) -> str:
        """The change in words."""
        return f"{self.before} → {self.after}"


def runs(seeds: int) -> Iterator[Run]:
    """Yield for each seed every change, and every model that is changed against itself."""
    models = sorted({before for before, _ in CHAINS})
    pairs = [*CHAINS, *((model, model) for model in models)]
    for seed in range(seeds):
        for number, (before, after) in enumerate(pairs):
            order = np.random.default_rng([seed, number]).permutation(REFERENCE + STREAM).tolist()
            yield Run(
                before=before,
                after=after,
                seed=seed,
                usual=order[:REFERENCE],
                stream=order[REFERENCE:],
            )
