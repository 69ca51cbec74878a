"""The grader of golden cases that a configuration describes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from monitor.bootstrap import embedding
from monitor.config import Config
from monitor.engines.grading.absent import NoEmbedder, NoJudge, NoLikelihood
from monitor.engines.grading.grader import EveryGrader
from monitor.engines.grading.openai_judge import OpenAIJudge
from monitor.engines.grading.pairwise import PairwiseJudge
from monitor.engines.grading.sandbox import Sandbox
from monitor.errors import ConfigError
from monitor.ports.engine import Engine, Likelihood
from monitor.ports.grading import Embedder, Judge
from monitor.ports.preference import Preference


def grader_of(config: Config, engine: Engine) -> EveryGrader:
    """Return the grader. Raises `ConfigError` if the judge's key cannot be read."""
    likelihood = engine if isinstance(engine, Likelihood) else NoLikelihood(config.engine.kind)
    return EveryGrader(
        likelihood=likelihood,
        embedder=_embedder(config),
        judge=_judge(config),
        sandbox=Sandbox(weaker=config.grading.weaker_sandbox),
    )


def preference_of(config: Config) -> Preference | None:
    """Return what compares answers with their shadows; `None` where no deployment asks for it.

    Raises `ConfigError` if there is no judge, or its key cannot be read.
    """
    asking = [name for name, each in config.deployments.items() if "judge" in each.shadow.score]
    if not asking:
        return None
    if config.grading.judge is None:
        raise ConfigError(
            f"deployments.{asking[0]}.shadow.score: names a judge, and there is none; "
            "set grading.judge"
        )
    return PairwiseJudge(_judge(config))


class OnFirstUse:
    """An embedder that is loaded when a case first asks for it: most golden sets never do.

    Args:
        load: blocks for seconds; raises `EngineError`.
    """

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._load = load
        self._loaded: Embedder | None = None
        self._turn = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of length 1, shape (n, dimensions). Raises `EngineError`."""
        with self._turn:
            if self._loaded is None:
                self._loaded = self._load()
        return self._loaded.encode(texts)


def _embedder(config: Config) -> Embedder:
    if config.embedder.kind == "hashed":
        return NoEmbedder()
    return OnFirstUse(partial(embedding.load, config.embedder))


def _judge(config: Config) -> Judge:
    section = config.grading.judge
    if section is None:
        return NoJudge()
    return OpenAIJudge(section.url, section.key(), section.model, limit_s=section.limit_s)
