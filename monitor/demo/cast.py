"""The cast of the demo: three adapters, trained when they are first needed and then kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from monitor.demo import task

MODEL = Path(__file__).parent / "model"


class Train(Protocol):
    """Trains an adapter on the text of a training file, and saves it in a folder."""

    def __call__(self, examples: str, out: Path, progress: Callable[[int, int], None]) -> None:
        """Train, and make the folder whole or not at all.

        `progress` gets the step and the number of steps.
        """


def train_missing(root: Path, train: Train, say: Callable[[str], None]) -> Mapping[str, Path]:
    """Return the folder of each version, after training those that are not there.

    A folder's name holds the hash of the training text and of the base model's weights, so that
    a change of either trains anew.
    """
    folders = {}
    for label in task.VERSIONS:
        examples = task.as_json_lines(task.training_set(label))
        folder = root / "adapters" / f"{label}-{_key(examples)}"
        if not folder.exists():
            _train(label, examples, folder, train, say)
        folders[label] = folder
    return folders


def _train(
    label: str, examples: str, folder: Path, train: Train, say: Callable[[str], None]
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    count = examples.count("\n")

    def progress(step: int, steps: int) -> None:
        say(f"training {label} on {count} examples: step {step} of {steps}")

    train(examples, folder, progress)


def _key(examples: str) -> str:
    digest = hashlib.sha256(examples.encode())
    for file in sorted(MODEL.glob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
