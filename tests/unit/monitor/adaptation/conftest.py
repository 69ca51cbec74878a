"""A base model of one layer, made in a second, for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from guards.exchange import Message
from monitor.adaptation.examples import TrainingExample
from monitor.adaptation.pretraining import Recipe, pretrain

_WORDS = ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr", "st")


def example(prompt: str, completion: str) -> TrainingExample:
    """Return an example of one user turn."""
    return TrainingExample(messages=(Message(role="user", content=prompt),), completion=completion)


@pytest.fixture(scope="session")
def examples() -> list[TrainingExample]:
    """Return ten examples of echoing a word."""
    return [example(f"say {word}", word) for word in _WORDS]


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """Return the recipe of the tiny base model."""
    return Recipe(vocabulary=300, width=32, layers=1, context=64, batch=4, steps=3)


@pytest.fixture(scope="session")
def base(
    tmp_path_factory: pytest.TempPathFactory, examples: list[TrainingExample], recipe: Recipe
) -> Path:
    """Return the folder of a tiny base model."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    pretrain(examples, folder, recipe)
    return folder
