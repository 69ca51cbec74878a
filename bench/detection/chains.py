"""Changes of version among real models, and the runs over them."""

from __future__ import annotations

from collections.abc import Sequence
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

# On these, and on no others, the classifier's settings and the series of peers were chosen.
PILOT = (
    ("guanaco-7b", "guanaco-13b"),
    ("Qwen1.5-7B-Chat", "Qwen1.5-14B-Chat"),
    ("Qwen1.5-1.8B-Chat", "Qwen1.5-7B-Chat"),
    ("tulu-2-dpo-13b", "tulu-2-dpo-70b"),
    ("alpaca-7b", "guanaco-7b"),
    ("oasst-sft-llama-33b", "guanaco-13b"),
    ("vicuna-13b-v1.3", "vicuna-7b-v1.5"),
    ("openchat-v3.1-13b", "vicuna-13b-v1.3"),
)
_PILOT_SEED = 1_000_000


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


def runs(seeds: int, chains: Sequence[tuple[str, str]] = CHAINS) -> list[Run]:
    """Return for each seed every change, and every model that is changed against itself.

    Orders of pilot chains come of other seeds than those that are measured.
    """
    models = sorted({before for before, _ in chains})
    pairs = [*chains, *((model, model) for model in models)]
    first = _PILOT_SEED if chains is PILOT else 0
    return [
        _run(pair, number, seed)
        for seed in range(first, first + seeds)
        for number, pair in enumerate(pairs)
    ]


def _run(pair: tuple[str, str], number: int, seed: int) -> Run:
    order = np.random.default_rng([seed, number]).permutation(REFERENCE + STREAM).tolist()
    before, after = pair
    return Run(
        before=before, after=after, seed=seed, usual=order[:REFERENCE], stream=order[REFERENCE:]
    )
