"""Puts the embedder together that the configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from monitor.config import Config, EmbedderConfig
from monitor.errors import ConfigError, EngineError
from monitor.ports.embedding import Embedder
from monitor.runtime.loops import Loop
from monitor.runtime.scoring.embeddings import Embeddings, NoModel
from monitor.runtime.scoring.model_embeddings import ModelEmbeddings

_MB = 1 << 20


def opened(section: EmbedderConfig) -> Embeddings:
    """Return where the vectors of answers come from; a model is loaded later, off the event loop."""
    if section.kind == "hashed":
        return NoModel()
    return ModelEmbeddings(partial(load, section))


def check(config: Config) -> None:
    """Look whether the model is there, without loading it. Raises `ConfigError`."""
    section = config.embedder
    if section.kind == "hashed":
        return
    from monitor.engines.embedders import layout

    try:
        layout.read(_folder(section))
    except EngineError as error:
        raise ConfigError(f"embedder: {error}") from error


def load(section: EmbedderConfig) -> Embedder:
    """Load the model; blocks for seconds. Raises `EngineError`."""
    from monitor.engines.embedders.cached import Cached
    from monitor.engines.embedders.sentence import SentenceModel

    folder = _folder(section)
    name = "minilm" if section.kind == "minilm" else folder.name
    model = SentenceModel.load(name, folder, device=section.device, batch=section.batch)
    return Cached(model, int(section.cache_mb * _MB))


def loops(embeddings: Embeddings) -> Mapping[str, Loop]:
    """Return what must be kept running: a model is loaded, again if that fails."""
    return {"embedder": embeddings.run} if isinstance(embeddings, ModelEmbeddings) else {}


def register(embeddings: Embeddings, registry: CollectorRegistry) -> None:
    """Show in `/metrics` how many answers had a vector in time, and how many had none."""
    if not isinstance(embeddings, ModelEmbeddings):
        return
    for name, help_text, value in (
        ("embedded", "Answers whose vectors a model made in time.", lambda: embeddings.made),
        ("unembedded", "Answers without an outlier score.", lambda: embeddings.left_out),
    ):
        gauge = Gauge(f"backstop_answers_{name}", help_text, registry=registry)
        gauge.set_function(value)


def _folder(section: EmbedderConfig) -> Path:
    if section.path is not None:
        return section.path
    from monitor.engines.embedders import minilm

    return minilm.folder()
