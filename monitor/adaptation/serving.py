"""Opens what a training made, to look at its answers without an engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors.torch import load_file

from monitor.adaptation import base as bases
from monitor.adaptation.classifier import TextClassifier
from monitor.adaptation.learner import LABELS, LONGEST_TEXT, WHOLE
from monitor.adaptation.quiet import no_layer_warnings, no_progress_bars

_AT_ONCE = 64  # texts in a batch


def generator(base: Path, folder: Path | None = None) -> tuple[Any, Any]:
    """Return the tokenizer and the model of a training, or of the base where no folder is given."""
    whole = folder is not None and (folder / WHOLE).exists()
    model = bases.causal(folder if folder is not None and whole else base)
    if folder is not None and not whole:
        with no_progress_bars(), no_layer_warnings():
            model = PeftModel.from_pretrained(model, str(folder))
    return bases.tokenizer_of(base), model.eval()


class Classifier:
    """A trained classifier of texts.

    Args:
        base: the base model's folder; folder: what `training.train` made.
    """

    def __init__(self, base: Path, folder: Path) -> None:
        self.labels: tuple[str, ...] = tuple(json.loads((folder / LABELS).read_text()))
        self._tokenizer = bases.tokenizer_of(base)
        model: Any = TextClassifier(bases.encoder(base), len(self.labels))
        if (folder / WHOLE).exists():
            model.load_state_dict(load_file(folder / WHOLE))
        else:
            with no_layer_warnings():
                model = PeftModel.from_pretrained(model, str(folder))
        self._model = model.eval()

    @torch.no_grad()
    def probabilities(self, texts: Sequence[str]) -> torch.Tensor:
        """Return (texts, labels), rows summing to 1."""
        told = torch.zeros(len(texts), len(self.labels))
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), _AT_ONCE):
            places = order[start : start + _AT_ONCE]
            inputs = self._tokenizer(
                [texts[place] for place in places],
                padding=True,
                truncation=True,
                max_length=LONGEST_TEXT,
                return_tensors="pt",
            )
            logits = self._model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
            )["logits"]
            told[places] = torch.softmax(logits, dim=-1)
        return told

    def classify(self, texts: Sequence[str]) -> list[str]:
        """Return the most probable label of each text."""
        return [self.labels[best] for best in self.probabilities(texts).argmax(dim=1).tolist()]
