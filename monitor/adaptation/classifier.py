"""A classifier of texts: mean of an encoder's last hidden states, by cosine to a vector a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_SCALE = 20.0  # of cosines before the softmax


class TextClassifier(nn.Module):
    """An encoder with a linear head over its normalised mean.

    Args:
        encoder: takes `input_ids` and `attention_mask`; has a `config` with `hidden_size`.
        labels: how many there are.
        smoothing: of the labels, in the loss.
    """

    def __init__(self, encoder: Any, labels: int, smoothing: float = 0.0) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(int(encoder.config.hidden_size), labels)
        self._smoothing = smoothing

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return `logits` (batch, labels), and the `loss` where labels are given."""
        logits = self.head(self.embed(input_ids, attention_mask))
        if labels is None:
            return {"logits": logits}
        smoothing = self._smoothing if self.training else 0.0
        loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        return {"loss": loss, "logits": logits}

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit vectors (batch, width)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)

    @torch.no_grad()
    def start_from(self, vectors: Tensor, labels: Tensor) -> None:
        """Set the head to the mean direction of each label's vectors.

        Training then begins from the nearest-prototype classifier of the frozen encoder, which a
        handful of examples decide better than a random head.
        """
        for label in range(self.head.out_features):
            chosen = vectors[labels == label]
            if len(chosen):
                self.head.weight[label] = _SCALE * functional.normalize(chosen.mean(0), dim=-1)
        self.head.bias.zero_()


@torch.no_grad()
def embedded(model: TextClassifier, batches: Sequence[dict[str, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return unit vectors (texts, width) and labels (texts) of collated batches."""
    model.eval()
    vectors = [model.embed(b["input_ids"], b["attention_mask"]) for b in batches]
    return torch.cat(vectors), torch.cat([b["labels"] for b in batches])
